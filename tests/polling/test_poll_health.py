"""The table `device`: one layout per outcome, the same for all devices."""

from __future__ import annotations

import numpy as np

from netwatch.model import Block, EntityId, Evidence, Instant
from netwatch.polling.health import HealthLayouts, device_block
from netwatch.state.blocks import named
from netwatch.wire import ProbeResult

AT = Instant(1.7e9, 50.0)
ANSWER = ProbeResult(True, 0.002)
SILENCE = ProbeResult(False, None, "no answer within 3 s")


def told(layouts: HealthLayouts, probes: dict[str, ProbeResult]) -> Block:
    layout = layouts.get(probes)
    return device_block(EntityId("a"), AT, 60.0, layout, probes, Evidence(uptime=5.0), ("a problem",))


def test_a_device_is_up_if_any_probe_was_answered() -> None:
    found = named(told(HealthLayouts(), {"snmp": SILENCE, "icmp": ANSWER}))
    assert [(one.family, one.labels, one.value, one.origin) for one in found.readings] == [
        ("netwatch_device_up", (), 1.0, "icmp, snmp"),
        ("netwatch_probe_success", ("icmp",), 1.0, ""),
        ("netwatch_probe_success", ("snmp",), 0.0, "no answer within 3 s"),
        ("netwatch_probe_duration_seconds", ("icmp",), 0.002, ""),
    ]
    assert found.evidence.uptime == 5.0
    assert found.problems == ("a problem",)


def test_a_device_is_down_if_all_are_silent_and_unknown_if_nothing_was_asked() -> None:
    silent, unasked = told(HealthLayouts(), {"snmp": SILENCE}), told(HealthLayouts(), {})
    assert silent.gauges.tolist()[:2] == [0.0, 0.0]
    assert np.isnan(silent.gauges[2])
    assert len(unasked.layout) == len(unasked.gauges) == len(unasked.times) == 0


def test_devices_with_the_same_outcome_share_a_layout() -> None:
    layouts = HealthLayouts()
    one = layouts.get({"snmp": ANSWER})
    assert layouts.get({"snmp": ProbeResult(True, 0.1)}) is one
    assert layouts.get({"snmp": SILENCE}) is not one
