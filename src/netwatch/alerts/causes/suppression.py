"""From one evaluation to the next: marks what another fault explains, waits for verdicts, names whom to ask.

- What is explained keeps its mark a while after its cause has ended: it may end as well.
- A page that devices might explain which were not asked since it began waits until they were asked, at most
  as long as one poll of them may take.
- A page whose fault has grown is told anew.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_

import numpy as np

from netwatch.alerts.causes.cause import Explanation, Roles, explain, is_never_hidden, silent_alerts
from netwatch.alerts.causes.graph import Graph
from netwatch.alerts.causes.remembering import Restored
from netwatch.alerts.causes.topology import (
    USUAL_PATIENCE,
    Links,
    attachments,
    build_graph,
    known_links,
)
from netwatch.alerts.causes.verdict import Silence
from netwatch.alerts.lifecycle import Active
from netwatch.alerts.rule import Rule
from netwatch.model import Alert, AlertState, Entity, EntityId, Inventory, PluggedIn, Snapshot

__all__ = ["ActiveKey", "CauseMemory", "grown", "with_causes"]

ActiveKey = tuple[str, EntityId, tuple[str, ...]]

SETTLE = 120.0
"""Seconds that explained alerts get to end by themselves after their cause has ended: two polls."""
POWER_SETTLE = 600.0
"""The same where the mains came back: switches take minutes to start, and others wait for them."""
_AT_ONCE = 64
_ASKED_KEPT = 3600.0
_MadeOf = tuple[Links, Inventory, tuple[Entity, ...], tuple[str, ...], tuple[PluggedIn, ...]]
_NAMED = 5
"""Devices that a page names; of the others it tells the number."""


@dataclass(frozen=True, slots=True)
class CauseMemory:
    """What one evaluation of causes hands to the next."""

    links: Links = frozenset()
    restored: Restored = field(default_factory=Restored)
    """Of an earlier run."""
    silences: Mapping[str, Silence] = field(default_factory=dict)
    """By alert of a silent device."""
    answered: Mapping[EntityId, float] = field(default_factory=dict)
    """Last answer by device, wall seconds."""
    asked: Mapping[EntityId, float] = field(default_factory=dict)
    """When devices were named in `ask` last, wall seconds."""
    ask: frozenset[EntityId] = frozenset()
    """Devices to be polled now."""
    power: frozenset[str] = frozenset()
    """Alerts of lost mains that explained something."""
    brief: frozenset[str] = frozenset()
    """Alerts that explained something before they had lasted long enough to fire."""
    graph: tuple[_MadeOf, Graph] | None = None
    """The last one, and what it was made of."""


def with_causes(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    active: Mapping[ActiveKey, Active],
    before: Mapping[ActiveKey, Active],
    memory: CauseMemory,
    attachment: Sequence[str],
) -> Generator[None, None, tuple[dict[ActiveKey, Active], CauseMemory]]:
    """The alerts, with what explains them, and what to remember. `before`: as of the last evaluation."""
    now = snapshot.at.wall
    roles = Roles.of(rules)
    lasting = [one.alert for one in active.values() if one.alert.state is not AlertState.RESOLVED]
    yield
    silent = yield from silent_alerts(lasting, roles, snapshot.entities)
    yield
    answered, down_since = yield from _heard(snapshot, memory.answered)
    yield
    troubled = silent.keys() | {alert.entity for alert in lasting if alert.rule in roles.ports}
    restored = memory.restored.at(snapshot)
    links = known_links(snapshot, memory.links, troubled, restored.pairs(snapshot.entities))
    yield
    found, cached, silences = Explanation(), memory.graph, {}
    if silent or any(alert.rule in roles.power or alert.entity != alert.device for alert in lasting):
        cached = yield from _graph(snapshot, links, attachment, memory.graph)
        for number, (device, alert) in enumerate(silent.items()):
            if not number % _AT_ONCE:
                yield
            known = memory.silences.get(alert.id) or Silence(
                min(alert.since, down_since.get(device, alert.since)),
                memory.answered.get(device, float("-inf")),
            )
            silences[device] = replace(known, established=alert.fired)
        ends = links | cached[1].plugged if cached[1].plugged else links
        found = yield from explain(lasting, roles, snapshot, cached[1], ends, silent, silences, answered)
    graph = Graph() if cached is None else cached[1]
    asking = _Asking(snapshot, graph, memory.asked, now)
    causes = {alert.id: device for device, alert in silent.items()}
    yield
    holds = {rule.name: rule.hold for rule in rules}
    step = _Step(found, asking, memory.power, memory.brief, causes, holds, now)
    yield
    never = is_never_hidden(snapshot)
    yield
    out: dict[ActiveKey, Active] = {}
    for number, (key, one) in enumerate(active.items()):
        if number % _AT_ONCE == _AT_ONCE - 1:
            yield
        out[key] = step.advance(one, before.get(key), hidden=one.alert.device not in never)
    yield from _note_extent(out, found)
    yield
    kept = {silent[device].id: silence for device, silence in silences.items()}
    wanted = frozenset(asking.wanted)
    asked = {device: at for device, at in memory.asked.items() if now - at < _ASKED_KEPT}
    asked |= dict.fromkeys(wanted, now)
    power, by = frozenset(found.power), set(found.by.values())
    brief = frozenset(
        alert.id for alert in lasting if alert.id in by and now - alert.since < holds.get(alert.rule, 0.0)
    )
    return out, CauseMemory(links, restored, kept, answered, asked, wanted, power, brief, cached)


def grown(old: Alert, new: Alert) -> bool:
    """Whether people who were told of a fault should hear that it is greater than that."""
    was, now = old.annotations, new.annotations
    larger = int(now.get("devices_behind", 0)) > int(was.get("devices_behind", 0))
    return larger or now.get("fault", "") != was.get("fault", "")


def _heard(
    snapshot: Snapshot, before: Mapping[EntityId, float]
) -> Generator[None, None, tuple[dict[EntityId, float], dict[EntityId, float]]]:
    """Wall seconds of the last answer, and of the last one that was missed, by device."""
    column = snapshot.columns.get("netwatch_device_up")
    if column is None:
        return {}, {}
    values, times, entities = column.values, column.times, column.entities
    up = np.flatnonzero(column.fresh & (values > 0))
    down = np.flatnonzero(column.fresh & (values == 0))
    answered = dict(before)
    yield
    answered.update(zip([entities[row] for row in up.tolist()], times[up].tolist(), strict=True))
    yield
    if len(answered) > len(entities):
        gone = answered.keys() - set(entities)
        answered = {entity: at for entity, at in answered.items() if entity not in gone}
    return answered, dict(zip([entities[row] for row in down.tolist()], times[down].tolist(), strict=True))


def _graph(
    snapshot: Snapshot,
    links: Links,
    attachment: Sequence[str],
    cached: tuple[_MadeOf, Graph] | None,
) -> Generator[None, None, tuple[_MadeOf, Graph]]:
    """Made anew if anything has changed that it is made of."""
    devices = tuple(snapshot.devices())
    made_of: _MadeOf = (links, snapshot.inventory, devices, tuple(attachment), snapshot.learnt)
    if cached is not None:
        old = cached[0]
        same = old[0] == links and old[1] is snapshot.inventory and old[3:] == made_of[3:]
        yield
        if same and len(old[2]) == len(devices) and all(map(is_, old[2], devices)):
            return cached
    graph = yield from build_graph(snapshot, links, attachments(snapshot, attachment))
    return made_of, graph


@dataclass(slots=True)
class _Asking:
    """Collects whom to poll at once."""

    snapshot: Snapshot
    graph: Graph
    asked: Mapping[EntityId, float]
    now: float
    wanted: set[EntityId] = field(default_factory=set)

    def open_until(self, suspects: Collection[EntityId], began: float) -> float:
        """Asks those that were not asked since `began`. Wall seconds until which their answers may come."""
        until = 0.0
        for suspect in suspects:
            polled = self.polled_for(suspect)
            if polled is None:
                continue
            at = self.asked.get(polled, 0.0)
            if not began <= at <= self.now:
                self.wanted.add(polled)
                at = self.now
            until = max(until, at + self.graph.patience.get(polled, USUAL_PATIENCE))
        return until

    def polled_for(self, device: EntityId) -> EntityId | None:
        """The device itself, or what reports it; None if nobody is asked."""
        if device in self.graph.patience:
            return device
        entity = self.snapshot.entities.get(device)
        parent = None if entity is None or entity.parent is None else entity.parent
        return parent if parent in self.graph.patience else None


@dataclass(frozen=True, slots=True)
class _Step:
    """One alert at a time."""

    found: Explanation
    asking: _Asking
    power: frozenset[str]
    brief: frozenset[str]
    causes: Mapping[str, EntityId]
    """Silent devices by their alerts."""
    holds: Mapping[str, float]
    now: float

    def advance(self, one: Active, old: Active | None, *, hidden: bool) -> Active:
        """`hidden`: whether it may be hidden at all."""
        alert = one.alert
        if alert.state is AlertState.RESOLVED and alert.suppressed_by in self.causes:
            # It is back, and so is perhaps what explained it: whoever knows that sooner tells it sooner.
            self.asking.open_until((self.causes[alert.suppressed_by],), self.now)
        if alert.state is AlertState.RESOLVED or not hidden:
            return one
        by = self.found.by.get(alert.id, "")
        if by:
            same = by == alert.suppressed_by and one.settle_until is None
            return one if same else replace(one, alert=_explained(alert, by), settle_until=None)
        if not alert.suppressed_by:
            return self._waiting(one, old)
        if one.settle_until is None:
            settle = POWER_SETTLE if alert.suppressed_by in self.power else SETTLE
            self.asking.open_until((alert.device,), self.now)
            # What was over before it could fire, such as a lost poll, has done little to others.
            hold = 0.0 if alert.suppressed_by in self.brief else self.holds.get(alert.rule, 0.0)
            return replace(one, settle_until=self.now + max(settle, hold))
        if self.now < one.settle_until:
            return one
        return self._waiting(replace(one, alert=_explained(alert, ""), settle_until=None), old)

    def _waiting(self, one: Active, old: Active | None) -> Active:
        """Not told before those were asked that might explain it."""
        alert = one.alert
        suspects = self.found.unasked.get(alert.id, frozenset())
        until = self.asking.open_until(suspects, alert.since) if suspects else 0.0
        told = old is not None and old.alert.state is AlertState.FIRING
        if alert.state is AlertState.FIRING and not told and self.now < until:
            return replace(one, alert=replace(alert, state=AlertState.PENDING, fired=None))
        return one


def _explained(alert: Alert, by: str) -> Alert:
    return replace(alert, suppressed_by=by)


def _note_extent(active: dict[ActiveKey, Active], found: Explanation) -> Generator[None, None, None]:
    """Notes on each alert how much lies behind it, and what the fault is if it is greater than one device."""
    behind: dict[str, dict[EntityId, str]] = {}
    for number, one in enumerate(active.values()):
        if not number % (8 * _AT_ONCE):
            yield
        alert = one.alert
        if alert.suppressed_by and alert.state is not AlertState.RESOLVED:
            names = behind.setdefault(alert.suppressed_by, {})
            names[alert.device] = alert.labels.get("device", "")
    yield
    for number, (key, one) in enumerate(active.items()):
        if number % _AT_ONCE == _AT_ONCE - 1:
            yield
        alert = one.alert
        if alert.state is AlertState.RESOLVED:
            continue
        title = found.titles.get(alert.id, "")
        texts = _texts(behind.get(alert.id, {}), alert.device, title)
        if any(alert.annotations.get(name, "") != text for name, text in texts.items()):
            kept = {name: text for name, text in alert.annotations.items() if name not in texts}
            alert = replace(alert, annotations=kept | {name: text for name, text in texts.items() if text})
        if title and alert.summary != title:
            alert = replace(alert, summary=title)
        if alert is not one.alert:
            active[key] = replace(one, alert=alert)


def _texts(behind: Mapping[EntityId, str], own: EntityId, title: str) -> dict[str, str]:
    """Annotations; empty ones are to go."""
    names = sorted({name for device, name in behind.items() if device != own})
    named = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return {
        "devices_behind": str(len(names)) if names else "",
        "behind": named + more if names else "",
        "fault": title,
    }
