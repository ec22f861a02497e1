"""Writes netwatch-district.json, the Grafana dashboard of one district, with Grafana's own SDK.

    python dashboards/build.py            write the file anew
    python dashboards/build.py --check    fail if the file is not what this script writes

Rates look back five minutes: samples carry the time of their poll, so a window must hold at least two polls
however often Prometheus scrapes. The SDK (grafana-foundation-sdk 0.0.21) is needed only here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

FILE = Path(__file__).parent / "netwatch-district.json"

_SCOPE = 'district=~"$district",site=~"$site",device=~"$device"'
_ON = "on (district, site, device)"
_WINDOW = "[5m]"
_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True)
class Query:
    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel in words; `_built` makes it Grafana's."""

    kind: str
    """stat, lines, bars or table."""
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: tuple[tuple[float, str], ...] = ()
    """Thresholds: from which value on which colour. The first colour is that of everything below."""
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    hidden: tuple[str, ...] = field(default=())
    """Columns of a table that say nothing."""


def _s(family: str, **matchers: str) -> str:
    """A selector of a family within what the variables choose."""
    more = "".join(f',{name}="{value}"' for name, value in matchers.items())
    return f"{family}{{{_SCOPE}{more}}}"


def _load(direction: str) -> str:
    """Share of the nominal speed that one direction of each interface carries."""
    traffic = _s(f"netwatch_interface_{direction}_bytes_total")
    return f"rate({traffic}{_WINDOW}) / ({_s('netwatch_interface_speed_bytes_per_second')} > 0)"


def _uplink(direction: str) -> str:
    """The same for firewalls and core switches, where a school meets the rest."""
    edge = f"({_s('netwatch_device_info', kind='firewall')} or {_s('netwatch_device_info', role='core')})"
    return f"topk(10, ({_load(direction)}) and {_ON} {edge})"


def _both(what: str) -> str:
    received, sent = (_s(f"netwatch_interface_{way}_{what}_total") for way in ("receive", "transmit"))
    return f"rate({received}{_WINDOW}) + rate({sent}{_WINDOW})"


_RISING = ((0.0, "green"), (0.75, "orange"), (0.9, "red"))
_FALLING = ((0.0, "red"), (0.3, "orange"), (0.6, "green"))
_ANY = ((0.0, "green"), (1.0, "red"))
_PORT = "{{device}} {{interface}}"

_GLANCE = (
    Panel(
        "stat",
        "Devices up",
        "Devices that answered their last poll or probe.",
        (Query(f"sum({_s('netwatch_device_up')})", instant=True),),
        width=4,
        height=4,
        steps=((0.0, "green"),),
    ),
    Panel(
        "stat",
        "Devices down",
        "Devices that did not answer. Those behind a dead one count too.",
        (Query(f"count({_s('netwatch_device_up')} == 0) or vector(0)", instant=True),),
        width=4,
        height=4,
        steps=_ANY,
    ),
    Panel(
        "stat",
        "Enabled ports down",
        "Interfaces that somebody enabled and that have no link.",
        (
            Query(
                f"count(({_s('netwatch_interface_admin_up')} == 1)"
                f" and ({_s('netwatch_interface_oper_up')} == 0)) or vector(0)",
                instant=True,
            ),
        ),
        width=4,
        height=4,
        steps=((0.0, "green"), (1.0, "orange")),
    ),
    Panel(
        "stat",
        "Links above 90 %",
        "Interfaces that carry over nine tenths of their speed in either direction.",
        (
            Query(
                f"count(({_load('receive')}) > 0.9 or ({_load('transmit')}) > 0.9) or vector(0)", instant=True
            ),
        ),
        width=4,
        height=4,
        steps=_ANY,
    ),
    Panel(
        "stat",
        "Parts not well",
        "Sensors and parts whose own state is warning or critical.",
        (Query(f"count({_s('netwatch_sensor_state_level')} > 0) or vector(0)", instant=True),),
        width=4,
        height=4,
        steps=((0.0, "green"), (1.0, "orange")),
    ),
    Panel(
        "stat",
        "Wireless clients",
        "Clients that are associated with any radio.",
        (
            Query(
                f"sum({_s('netwatch_radio_clients', ssid='')}) or sum({_s('netwatch_radio_clients')})"
                f" or sum({_s('netwatch_device_clients')})",
                instant=True,
            ),
        ),
        width=4,
        height=4,
        steps=((0.0, "blue"),),
    ),
    Panel(
        "table",
        "Devices that are down",
        "Who does not answer, and where.",
        (Query(f"{_s('netwatch_device_up')} == 0", instant=True),),
        hidden=("Time", "__name__", "Value", "instance", "job", "shard"),
    ),
    Panel(
        "lines",
        "Devices down by school",
        "Devices that did not answer their last poll or probe.",
        (Query(f"sum by (site) (1 - {_s('netwatch_device_up')})", "{{site}}"),),
        minimum=0,
        decimals=0,
    ),
)

_LINKS = (
    Panel(
        "lines",
        "Uplinks: load in",
        "Busiest ports of firewalls and core switches, share of their speed received.",
        (Query(_uplink("receive"), _PORT),),
        "percentunit",
        steps=_RISING,
        minimum=0,
    ),
    Panel(
        "lines",
        "Uplinks: load out",
        "Busiest ports of firewalls and core switches, share of their speed sent.",
        (Query(_uplink("transmit"), _PORT),),
        "percentunit",
        steps=_RISING,
        minimum=0,
    ),
    Panel(
        "lines",
        "Top interfaces by traffic",
        "Bits per second, both directions together.",
        (Query(f"topk(10, 8 * ({_both('bytes')}))", _PORT),),
        "bps",
        minimum=0,
    ),
    Panel(
        "lines",
        "Errors and discards",
        "Packets per second that were broken or dropped, the ten worst interfaces.",
        (
            Query(f"topk(10, {_both('errors')})", f"{_PORT} errors"),
            Query(f"topk(10, {_both('discards')})", f"{_PORT} discards"),
        ),
        "pps",
        minimum=0,
    ),
)

_WIRELESS = (
    Panel(
        "lines",
        "Clients of access points",
        "The ten radios with the most clients.",
        (Query(f"topk(10, {_s('netwatch_radio_clients', ssid='')})", "{{device}} {{radio}}"),),
        minimum=0,
    ),
    Panel(
        "lines",
        "Airtime in use",
        "Share of time that the channel is busy, the ten busiest radios.",
        (Query(f"topk(10, {_s('netwatch_radio_airtime_ratio', use='all')})", "{{device}} {{radio}}"),),
        "percentunit",
        steps=((0.0, "green"), (0.5, "orange"), (0.75, "red")),
        minimum=0,
        maximum=1,
    ),
)

_SERVERS = (
    Panel(
        "bars",
        "Fullest volumes",
        "Used share of file systems and volumes.",
        (
            Query(
                f"topk(12, {_s('netwatch_volume_used_ratio')} or ({_s('netwatch_volume_used_bytes')}"
                f" / ({_s('netwatch_volume_size_bytes')} > 0)))",
                "{{device}} {{volume}}",
                instant=True,
            ),
        ),
        "percentunit",
        steps=((0.0, "green"), (0.8, "orange"), (0.9, "red")),
        minimum=0,
        maximum=1,
    ),
    Panel(
        "lines",
        "Busiest processors",
        "Share of time that a processor is busy.",
        (Query(f"topk(10, {_s('netwatch_processor_utilization_ratio')})", "{{device}} {{processor}}"),),
        "percentunit",
        steps=_RISING,
        minimum=0,
        maximum=1,
    ),
)

_POWER = (
    Panel(
        "bars",
        "UPS: charge",
        "Charge of each battery, the lowest first.",
        (Query(f"bottomk(12, {_s('netwatch_sensor_charge_ratio')})", "{{device}} {{sensor}}", instant=True),),
        "percentunit",
        steps=_FALLING,
        minimum=0,
        maximum=1,
    ),
    Panel(
        "lines",
        "UPS: runtime",
        "Time that each battery lasts at its present load, the shortest ten.",
        (Query(f"bottomk(10, {_s('netwatch_sensor_runtime_seconds')})", "{{device}} {{sensor}}"),),
        "s",
        minimum=0,
    ),
    Panel(
        "lines",
        "Temperatures",
        "The ten warmest sensors.",
        (Query(f"topk(10, {_s('netwatch_sensor_temperature_celsius')})", "{{device}} {{sensor}}"),),
        "celsius",
    ),
    Panel(
        "lines",
        "Power over Ethernet",
        "Share of its budget that each power source delivers, the ten highest.",
        (
            Query(
                f"topk(10, {_s('netwatch_pse_used_watts')} / ({_s('netwatch_pse_budget_watts')} > 0))",
                "{{device}} {{pse}}",
            ),
        ),
        "percentunit",
        steps=_RISING,
        minimum=0,
    ),
)

_VOICE = (
    Panel(
        "lines",
        "Phones",
        "Phones by registration state.",
        (Query(f"sum by (device, state) ({_s('netwatch_device_phones')})", "{{device}} {{state}}"),),
        minimum=0,
    ),
    Panel(
        "lines",
        "Trunks",
        "1 while a voice trunk is in service; below, its channels in use.",
        (
            Query(_s("netwatch_trunk_up"), "{{device}} {{trunk}} in service"),
            Query(_s("netwatch_trunk_channels_active"), "{{device}} {{trunk}} channels"),
        ),
        minimum=0,
        decimals=0,
    ),
)

_ALERTS = (
    Panel(
        "lines",
        "Alerts",
        "Alerts of netwatch by state. A suppressed one is explained by another and sent to nobody.",
        (Query("max by (state) (netwatch_alerts)", "{{state}}"),),
        minimum=0,
        decimals=0,
    ),
    Panel(
        "lines",
        "Polls",
        "Tables that netwatch polls per second, by outcome.",
        (Query(f"sum by (outcome) (rate(netwatch_poller_polls_total{_WINDOW}))", "{{outcome}}"),),
        "ops",
        minimum=0,
    ),
)

ROWS = (
    ("District at a glance", _GLANCE),
    ("Alerts and polls", _ALERTS),
    ("Links", _LINKS),
    ("Wireless", _WIRELESS),
    ("Servers and storage", _SERVERS),
    ("Power and climate", _POWER),
    ("Voice", _VOICE),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the Grafana dashboard of one district.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is current")
    wanted = document()
    if not parser.parse_args().check:
        FILE.write_text(wanted, encoding="utf-8")
        return 0
    if FILE.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{FILE.name} is not current: run python dashboards/build.py\n")
    return 1


def document() -> str:
    """The dashboard as JSON text."""
    made = (
        dashboard.Dashboard("netwatch: district")
        .uid("netwatch-district")
        .description(
            "What is down, slow, full or failing in a school district. Generated by dashboards/build.py."
        )
        .tags(["netwatch"])
        .timezone("browser")
        .refresh("30s")
        .time("now-6h", "now")
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("district", "District", "label_values(netwatch_device_up, district)"))
        .with_variable(
            _variable("site", "School", 'label_values(netwatch_device_up{district=~"$district"}, site)')
        )
        .with_variable(
            _variable(
                "device",
                "Device",
                'label_values(netwatch_device_up{district=~"$district",site=~"$site"}, device)',
            )
        )
    )
    number = 0
    top = 0
    for title, panels in ROWS:
        number += 1
        made = made.with_row(dashboard.Row(title).id(number).grid_pos(models.GridPos(h=1, w=24, x=0, y=top)))
        top += 1
        for panel, x, y in _placed(panels):
            number += 1
            spot = models.GridPos(h=panel.height, w=panel.width, x=x, y=top + y)
            made = made.with_panel(_built(panel).id(number).grid_pos(spot))
        top += max(y + panel.height for panel, _, y in _placed(panels))
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _placed(panels: tuple[Panel, ...]) -> Iterator[tuple[Panel, int, int]]:
    """Panels with their place, left to right in rows of 24 columns."""
    x = y = tallest = 0
    for panel in panels:
        if x + panel.width > 24:
            x, y, tallest = 0, y + tallest, 0
        yield panel, x, y
        x, tallest = x + panel.width, max(tallest, panel.height)


def _variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query({"query": query, "refId": f"variable-{name}"})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _built(panel: Panel) -> Any:
    builder: Any = {
        "stat": stat.Panel,
        "lines": timeseries.Panel,
        "bars": bargauge.Panel,
        "table": table.Panel,
    }[panel.kind]()
    builder = _common(builder, panel)
    options = {"stat": _stat, "lines": _lines, "bars": _bars, "table": _table}[panel.kind]
    return options(builder, panel)


def _common(builder: Any, panel: Panel) -> Any:
    builder = builder.title(panel.title).description(panel.description).datasource(_SOURCE).unit(panel.unit)
    for number, query in enumerate(panel.queries):
        target = (
            prometheus.Dataquery()
            .expr(query.expr)
            .ref_id("ABCDEFGH"[number])
            .datasource(_SOURCE)
            .legend_format(query.legend or "__auto")
        )
        target = target.instant() if query.instant else target.range()
        if panel.kind == "table":
            target = target.format(PromQueryFormat.TABLE)
        builder = builder.with_target(target)
    if panel.minimum is not None:
        builder = builder.min(panel.minimum)
    if panel.maximum is not None:
        builder = builder.max(panel.maximum)
    if panel.decimals is not None:
        builder = builder.decimals(panel.decimals)
    steps = panel.steps or ((0.0, "green"),)
    colours = [
        models.Threshold(value=None if number == 0 else value, color=colour)
        for number, (value, colour) in enumerate(steps)
    ]
    return builder.thresholds(
        dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(colours)
    )


def _reduced() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(builder: Any, _: Panel) -> Any:
    return (
        builder.reduce_options(_reduced())
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .text_mode(common_models.BigValueTextMode.VALUE)
    )


def _lines(builder: Any, panel: Panel) -> Any:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.RIGHT)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    tooltip = (
        common.VizTooltipOptions()
        .mode(common_models.TooltipDisplayMode.MULTI)
        .sort(common_models.SortOrder.DESCENDING)
    )
    builder = builder.line_width(1).fill_opacity(6).legend(legend).tooltip(tooltip)
    if panel.steps:
        lines = common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        builder = builder.thresholds_style(lines)
    return builder


def _bars(builder: Any, _: Panel) -> Any:
    return (
        builder.reduce_options(_reduced())
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
    )


def _table(builder: Any, panel: Panel) -> Any:
    exclude = dict.fromkeys(panel.hidden, True)
    return builder.with_transformation(
        models.DataTransformerConfig(
            id_val="organize",
            options={"excludeByName": exclude, "renameByName": {"site": "school"}},
        )
    ).show_header(True)


if __name__ == "__main__":
    raise SystemExit(main())
