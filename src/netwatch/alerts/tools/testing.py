"""Unit tests of rules: series over time in, alerts at moments out, in the manner of promtool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from netwatch.alerts.derived import with_derived
from netwatch.alerts.engine import AlertEngine
from netwatch.alerts.loading import Duration, Names
from netwatch.alerts.rule import Rule
from netwatch.alerts.tools.testing_series import Selector, parse_selector, parse_values
from netwatch.alerts.tools.testing_world import DeviceEntry, PlaceEntry, World
from netwatch.calendars import CalendarEntry, Calendars, Timezone, load_calendars
from netwatch.documents import Document, Strict, did_you_mean, fault, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import Alert, AlertState, Catalogue

__all__ = ["CaseResult", "RuleTests", "load_rule_tests"]

_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?")


def _moment(value: Any) -> Any:
    """A duration since the start, or what the wall clock shows."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


def _start(value: Any) -> Any:
    found = _moment(value)
    if not isinstance(found, datetime):
        raise fault("expected a date and a time", "write it as 2026-09-01 09:00")
    return found


def _series(text: str) -> Selector:
    try:
        return parse_selector(text)
    except ValueError as error:
        raise fault(str(error)) from None


def _values(value: Any) -> Any:
    if not isinstance(value, str):
        raise fault("expected text such as '0x5 1x3'", "put it in quotes: YAML takes 0x10 for the number 16")
    try:
        return parse_values(value)
    except ValueError as error:
        raise fault(str(error)) from None


class _InputSeries(Strict):
    series: str
    values: Annotated[list[float], BeforeValidator(_values)]


class _Expected(Strict):
    exp_labels: dict[str, str] = Field(default_factory=dict)
    exp_annotations: dict[str, str] = Field(default_factory=dict)


class _AlertTest(Strict):
    eval_time: Annotated[Duration | datetime, BeforeValidator(_moment)]
    alertname: str
    exp_alerts: tuple[_Expected, ...] = ()


class _Test(Strict):
    name: str = ""
    start: Annotated[datetime, BeforeValidator(_start)] = datetime(2026, 9, 1, 9, 0)  # noqa: DTZ001 - wall clock of the district
    interval: Duration | None = None
    input_series: tuple[_InputSeries, ...]
    links: tuple[tuple[str, str], ...] = ()
    closures: tuple[Any, ...] = ()
    alert_rule_test: tuple[_AlertTest, ...]


def _positive(value: float) -> float:
    if value <= 0:
        raise fault("expected a duration above 0")
    return value


class RuleTestFile(Strict):
    """One file of tests."""

    rule_files: Names = ()
    evaluation_interval: Annotated[Duration, AfterValidator(_positive)] = 60.0
    timezone: Timezone = "UTC"
    calendars: dict[str, CalendarEntry] = Field(default_factory=dict)
    closures: tuple[Any, ...] = ()
    places: dict[str, PlaceEntry] = Field(default_factory=dict)
    devices: dict[str, DeviceEntry] = Field(default_factory=dict)
    tests: tuple[_Test, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one test found."""

    name: str
    failures: tuple[str, ...]
    fired: frozenset[str] = frozenset()
    """Rules of which an alert was expected, and fired."""
    quiet: frozenset[str] = frozenset()
    """Rules of which no alert was expected, and none fired."""
    log: Mapping[float, frozenset[tuple[str, str, str]]] = field(default_factory=dict)
    """Seconds since the start -> (rule, device, part) of all that fires, once per interval."""


@dataclass(frozen=True, slots=True)
class RuleTests:
    """The tests of one file, found to make sense."""

    document: Document
    file: RuleTestFile
    catalogue: Catalogue

    def run(self, rules: Sequence[Rule], *, everything: bool = False) -> Iterator[CaseResult]:
        """Runs all tests. Only rules that a test names are judged in it, unless `everything` is. Raises
        ConfigError for a test of a rule that there is not."""
        names = [rule.name for rule in rules]
        for row, test in enumerate(self.file.tests):
            for at, one in enumerate(test.alert_rule_test):
                if one.alertname not in names:
                    path = ("tests", row, "alert_rule_test", at, "alertname")
                    hint = did_you_mean(one.alertname, names) or "name its file under `rule_files`"
                    problem = self.document.problem(path, f"unknown rule {one.alertname!r}", hint)
                    raise ConfigError([problem])
            named = {one.alertname for one in test.alert_rule_test}
            chosen = [rule for rule in rules if everything or rule.name in named]
            yield self._run(row, test, chosen)

    def world(self, row: int) -> World:
        """What the test at `row` is about. Raises ConfigError."""
        file, test = self.file, self.file.tests[row]
        zone = ZoneInfo(file.timezone)
        return World(
            document=self.document,
            path=("tests", row),
            places=file.places,
            devices=file.devices,
            series=[(one.series, parse_selector(one.series), one.values) for one in test.input_series],
            links=test.links,
            start=test.start.replace(tzinfo=zone).timestamp(),
            interval=self.interval(row),
            catalogue=self.catalogue,
        )

    def interval(self, row: int) -> float:
        """Seconds between two evaluations."""
        return self.file.tests[row].interval or self.file.evaluation_interval

    def moments(self, row: int) -> list[float]:
        """Seconds since the start of each expectation."""
        test = self.file.tests[row]
        start = test.start.replace(tzinfo=ZoneInfo(self.file.timezone)).timestamp()
        return [_since(one.eval_time, start, self.file.timezone) for one in test.alert_rule_test]

    def calendars(self, test: _Test) -> Calendars:
        """Of the file, with the closures of the test. Raises ConfigError."""
        data = {
            "calendars": (self.document.data or {}).get("calendars", {}),
            "closures": [*self.file.closures, *test.closures],
        }
        document = Document(self.document.file, data, self.document.text)
        return load_calendars([document], self.file.timezone)

    def _run(self, row: int, test: _Test, rules: Sequence[Rule]) -> CaseResult:
        world, calendars = self.world(row), self.calendars(test)
        interval, moments = self.interval(row), self.moments(row)
        engine = AlertEngine(rules, calendars=calendars)
        failures: list[str] = []
        fired: set[str] = set()
        quiet: set[str] = set()
        log: dict[float, frozenset[tuple[str, str, str]]] = {}
        waiting = sorted(zip(moments, test.alert_rule_test, strict=True), key=lambda pair: pair[0])
        for step in range(int(waiting[-1][0] // interval) + 1 if waiting else 0):
            engine.evaluate(world.snapshot(step))
            firing = [one for one in engine.alerts() if one.state is AlertState.FIRING]
            log[step * interval] = frozenset(_identity(one) for one in firing)
            while waiting and waiting[0][0] < (step + 1) * interval:
                moment, one = waiting.pop(0)
                found = [alert for alert in firing if alert.rule == one.alertname]
                wrong = list(_compare(found, one.exp_alerts))
                failures += [f"{_when(moment)}: {one.alertname}: {text}" for text in wrong]
                if not wrong:
                    (fired if one.exp_alerts else quiet).add(one.alertname)
        name = test.name or f"test {row + 1}"
        return CaseResult(name, tuple(failures), frozenset(fired), frozenset(quiet - fired), log)


def load_rule_tests(document: Document, catalogue: Catalogue) -> RuleTests:
    """One file of tests. Raises ConfigError with one Problem per mistake."""
    file = validate(RuleTestFile, document)
    catalogue = with_derived(catalogue)
    tests = RuleTests(document, file, catalogue)
    problems: list[Problem] = []
    for row, test in enumerate(file.tests):
        for at, one in enumerate(test.input_series):
            try:
                parse_selector(one.series)
            except ValueError as error:
                path = ("tests", row, "input_series", at, "series")
                problems.append(document.problem(path, str(error)))
    if problems:
        raise ConfigError(problems)
    for row, test in enumerate(file.tests):
        for check in (lambda row=row: tests.world(row), lambda test=test: tests.calendars(test)):
            try:
                check()
            except ConfigError as error:
                problems += error.problems
        for at, moment in enumerate(tests.moments(row)):
            if moment < 0:
                path = ("tests", row, "alert_rule_test", at, "eval_time")
                problems.append(document.problem(path, "lies before the start of the test"))
    if problems:
        raise ConfigError(problems)
    return tests


def _since(moment: float | datetime, start: float, timezone: str) -> float:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC).timestamp() - start
    return moment


def _identity(alert: Alert) -> tuple[str, str, str]:
    """(rule, device, its part)."""
    return alert.rule, alert.labels.get("device", ""), part_of(alert.labels)


_NO_PARTS = {"alertname", "severity", "district", "site", "device", "kind", "role", "entity"}


def part_of(labels: Mapping[str, str]) -> str:
    """All labels that tell one alert of a device from another, as text."""
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels) if name not in _NO_PARTS)


def _compare(found: Sequence[Alert], expected: Sequence[_Expected]) -> Iterator[str]:
    """What is missing, what is too much, what is said otherwise."""
    left = list(found)
    for one in expected:
        match = next((alert for alert in left if not list(_differences(alert, one))), None)
        if match is not None:
            left.remove(match)
            continue
        near = next((alert for alert in left if _fits(alert, one)), None)
        if near is None:
            yield f"expected an alert with {_text(one.exp_labels)}, and there is none"
            continue
        left.remove(near)
        yield from _differences(near, one)
    for alert in left:
        yield f"did not expect an alert with {_text(dict(alert.labels))}: {alert.summary}"


def _fits(alert: Alert, one: _Expected) -> bool:
    return all(alert.labels.get(name, "") == value for name, value in one.exp_labels.items())


def _differences(alert: Alert, one: _Expected) -> Iterator[str]:
    texts = {**alert.annotations, "summary": alert.summary}
    for what, wanted, has in (("label", one.exp_labels, alert.labels), ("text", one.exp_annotations, texts)):
        for name, value in wanted.items():
            if has.get(name, "") != value:
                yield f"{what} {name}: expected {value!r}, found {has.get(name, '')!r}"


def _text(labels: Mapping[str, str]) -> str:
    shown = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "entity")
    return f"{{{shown}}}" if shown else "any labels"


def _when(seconds: float) -> str:
    return f"{seconds / 60:g}m"
