"""words.yaml: names, units and labels are understood as a person would."""

from __future__ import annotations

import pytest

from netwatch.drafting.groups import Column
from netwatch.drafting.levels import state_map
from netwatch.drafting.measures import read_unit, scaled
from netwatch.drafting.mib_library import MibObject
from netwatch.drafting.words import Words, load_words


@pytest.fixture(scope="module")
def words() -> Words:
    return load_words()


def column(name: str, labels: tuple[tuple[str, int], ...] = (), **values: object) -> Column:
    told = MibObject(
        oid=(1, 3, 1), name=name, module="X", type="INTEGER" if labels else "OCTET STRING", convention="",
        labels=labels, hint="", units="", access="read-only", description="", index=(), augments="",
    )  # fmt: skip
    return Column(told, dict(values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "spaced"),
    [
        ("acmeFanTrayStatus2", "acme fan tray status 2"),
        ("CPUUsage5Sec", "cpu usage 5 sec"),
        ("totalEnergykWh", "total energy kwh"),
        ("rxPowerdBm", "rx power dbm"),
        ("inputMilliVolts", "input millivolts"),
        ("not-present", "not present"),
    ],
)
def test_names_are_split_into_words(words: Words, name: str, spaced: str) -> None:
    assert words.spaced(name) == spaced


@pytest.mark.parametrize(
    ("units", "class_", "factor"),
    [
        ("degrees Celsius", "temperature", 1),
        ("0.1 degrees C", "temperature", 0.1),
        ("tenths of degrees Celsius", "temperature", 0.1),
        ("degrees Centigrade", "temperature", 1),
        ("millidegrees Celsius", "temperature", 0.001),
        ("1/10 C", "temperature", 0.1),
        ("volts", "voltage", 1),
        ("0.1 RMS Volts", "voltage", 0.1),
        ("mV", "voltage", 0.001),
        ("milliVolts", "voltage", 0.001),
        ("0.001V", "voltage", 0.001),
        ("deciVolts", "voltage", 0.1),
        ("0.1 Volt DC", "voltage", 0.1),
        ("mA", "current", 0.001),
        ("0.1 Amp", "current", 0.1),
        ("milliwatts", "power", 0.001),
        ("kW", "power", 1000),
        ("VA", "power", 1),
        ("0.1 kWh", "energy", 360000),
        ("Watt-hours", "energy", 3600),
        ("0.1 Hz", "frequency", 0.1),
        ("Hertz", "frequency", 1),
        ("RPM", "fan_speed", 1),
        ("%", "percent", 0.01),
        ("0.1 percent", "percent", 0.001),
        ("percent", "percent", 0.01),
        ("%RH", "humidity", 0.01),
        ("0.01 dBm", "optical_power", 0.01),
        ("dBm", "optical_power", 1),
        ("minutes", "time", 60),
        ("seconds", "time", 1),
        ("KBytes", "bytes", 1024),
        ("octets", "bytes", 1),
    ],
)
def test_units_give_a_class_and_a_factor(words: Words, units: str, class_: str, factor: float) -> None:
    found = read_unit(units, words)
    assert found is not None
    assert found.unit.class_ == class_
    assert found.factor == pytest.approx(factor)


@pytest.mark.parametrize("units", ["", "packets", "widgets per fortnight", "ms-1 or so", "sessions"])
def test_other_units_are_not_guessed(words: Words, units: str) -> None:
    found = read_unit(units, words)
    assert found is None or found.unit.class_ == "time"


def test_prose_that_leaves_the_unit_to_the_device_tells_none(words: Words) -> None:
    found = read_unit("The temperature in Celsius or Fahrenheit, as set.", words, prose=True)
    assert found is not None
    assert not found.unit.expression


@pytest.mark.parametrize(
    ("factor", "written"),
    [(1, "{}"), (0.1, "{} / 10"), (0.001, "{} / 1000"), (60, "{} * 60"), (0.5, "{} / 2")],
)
def test_factors_are_written_as_a_person_would(factor: float, written: str) -> None:
    assert scaled("{}", factor) == written


@pytest.mark.parametrize(
    ("label", "level"),
    [
        ("normal", "ok"), ("ok", "ok"), ("up", "ok"), ("online", "ok"), ("noError", "ok"), ("noAlarm", "ok"),
        ("fullyRedundant", "ok"), ("fail", "critical"), ("failed", "critical"), ("critical", "critical"),
        ("notOk", "critical"), ("overTemperature", "critical"), ("nonRecoverable", "critical"),
        ("down", "critical"), ("degraded", "warning"), ("nonCritical", "warning"), ("minorAlarm", "warning"),
        ("lowWarning", "warning"),
        ("nearOverload", "warning"), ("notPresent", "unknown"), ("unknown", "unknown"),
        ("notInstalled", "unknown"), ("purple", "unknown"),
    ],
)  # fmt: skip
def test_labels_have_a_level(words: Words, label: str, level: str) -> None:
    found = state_map(column("acmePartStatus", (("normal", 100), ("failed", 101), (label, 1))), words)
    assert found is not None
    assert found.meanings[1].level == level


def test_a_label_that_no_word_knows_is_marked(words: Words) -> None:
    found = state_map(column("acmePartStatus", (("normal", 1), ("failed", 2), ("purple", 3))), words)
    assert found is not None
    assert not found.meanings[3].sure
    assert found.meanings[1].sure


def test_yes_is_bad_where_the_name_says_so(words: Words) -> None:
    bad = state_map(column("acmeBatteryFault", (("yes", 1), ("no", 2))), words)
    good = state_map(column("acmeFanOperational", (("yes", 1), ("no", 2))), words)
    assert bad is not None
    assert good is not None
    assert [one.level for one in bad.meanings.values()] == ["critical", "ok"]
    assert [one.level for one in good.meanings.values()] == ["ok", "warning"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("acmeAdminStatus", (("up", 1), ("down", 2))),
        ("acmePortType", (("copper", 1), ("fibre", 2))),
        ("acmeTrapEnable", (("enabled", 1), ("disabled", 2))),
        ("acmeColour", (("red", 1), ("blue", 2))),
    ],
)
def test_settings_are_no_states(words: Words, name: str, labels: tuple[tuple[str, int], ...]) -> None:
    assert state_map(column(name, labels), words) is None


def test_states_told_as_words_are_a_guess(words: Words) -> None:
    found = state_map(column("acmeFanStatus", a=b"OK", b=b"FAILED"), words)
    assert found is not None
    assert found.meanings["OK"].level == "ok"
    assert found.meanings["FAILED"].level == "critical"
    assert not found.sure


def test_small_units_are_read_as_makers_shorten_them(words: Words) -> None:
    found = read_unit("milliDegC", words)
    assert found is not None
    assert (found.unit.class_, found.factor) == ("temperature", 0.001)
