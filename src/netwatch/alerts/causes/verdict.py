"""Which silent device is a fault of its own, which lies behind another, and whom to ask before that is said.

Pure: silences and a graph give a verdict. A silent device is explained if one of its needs is not met by
anything that works: all ways to it lead through silent devices, all its feeds are dark, its host or its
controller is silent. What a device proved itself goes before the graph: if it answered after the supposed
cause was known to be silent, that one does not explain it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from netwatch.alerts.causes.graph import Evidence, Graph, Way
from netwatch.model import EntityId

__all__ = ["SKEW", "Known", "Silence", "Verdict", "reach_verdict"]

SKEW = 30.0
"""Seconds by which an answer may be told late: a pass over a slow device."""
TOGETHER = 600.0
"""What has one cause falls silent within this many seconds."""
SAME_MINUTES = 120.0
"""What fell silent at once is found so within this many seconds: two polls."""
_AT_ONCE = 128
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Silence:
    """Of one device. Wall seconds."""

    began: float
    """Of the first reading that told."""
    answered: float = _NEVER
    """Its last answer before that, as far as known."""
    established: float | None = None
    """Since when its alert fires; None while a lost packet may still be all there is to it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the verdict is reached from."""

    silent: Mapping[EntityId, Silence]
    answered: Mapping[EntityId, float]
    """Last answer by device, wall seconds."""
    on_battery: Collection[EntityId] = ()
    """UPSs that run on battery, or did when last heard of."""
    ports_down: Mapping[EntityId, float] = field(default_factory=dict)
    """Ports that are down, and wall seconds since when that is known."""
    paged: Collection[EntityId] = ()
    """Devices whose silence was told to people as a fault of its own."""


@dataclass(slots=True)
class Verdict:
    """By silent device."""

    cause: dict[EntityId, EntityId] = field(default_factory=dict)
    """The fault that explains it: another device, or what nobody asks; itself if it is the fault."""
    evidence: dict[EntityId, Evidence] = field(default_factory=dict)
    """Why it is explained."""
    leader: dict[EntityId, EntityId] = field(default_factory=dict)
    """For a fault of something that nobody asks: the silent device whose alert stands for it."""
    isolated: EntityId | None = None
    """Netwatch reaches nothing at all: the device whose alert stands for that."""
    unasked: dict[EntityId, frozenset[EntityId]] = field(default_factory=dict)
    """For a fault: devices that might explain it, and have not been asked since it began."""


def reach_verdict(graph: Graph, known: Known) -> Generator[None, None, Verdict]:
    """The verdict on all silent devices, in steps of a few milliseconds."""
    judge = _Judge(graph, known)
    yield from judge.explain()
    yield from judge.find_silent_partners()
    yield from judge.guess()
    yield from judge.attribute()
    judge.find_isolation()
    yield from judge.find_unasked()
    return judge.verdict


class _Judge:
    def __init__(self, graph: Graph, known: Known) -> None:
        self.graph = graph
        self.known = known
        self.verdict = Verdict()
        self.dead: dict[EntityId, tuple[EntityId, ...]] = {}
        """By explained node: what would have to work for it to work."""
        self.gone: set[EntityId] = set()
        """What nobody asks, and is cut off or taken to have failed."""
        self.failed: set[EntityId] = set()
        """UPSs that went dark without a word, and what nobody asks: inferred from what hangs on them."""

    # -- one device

    def cuts(self, upper: EntityId, device: EntityId) -> bool:
        """Whether `upper` is silent, and `device` has not proved that it works nevertheless."""
        if upper in self.gone:
            return True
        silence = self.known.silent.get(upper)
        if silence is None:
            return False
        mine = self.known.silent.get(device)
        proof = _NEVER if mine is None else mine.answered
        return silence.established is None or proof < silence.established + SKEW

    def is_out(self, upper: EntityId, evidence: Evidence) -> bool:
        """Whether it does not do what others need it for. A UPS that can't be asked may still feed them."""
        if evidence is Evidence.POWER and upper not in self.known.on_battery and upper not in self.failed:
            return False
        return upper in self.gone or upper in self.known.silent

    def usable(self, device: EntityId, way: Way) -> bool:
        """False for a way whose ports were known to be down while the device still answered: it is none."""
        if not way.links:
            return True
        mine = self.known.silent.get(device)
        proof = _NEVER if mine is None else mine.answered
        down = self.known.ports_down
        return not all(any(down.get(end, proof) + SKEW < proof for end in ends) for ends in way.links)

    def ways(self, device: EntityId) -> list[EntityId]:
        """From where it can be reached: not from what lies behind it, not over cut links."""
        graph = self.graph
        return [
            upper
            for upper, way in graph.ways.get(device, {}).items()
            if not graph.dominates(device, upper) and self.usable(device, way)
        ]

    def why(self, device: EntityId) -> tuple[Evidence, tuple[EntityId, ...]] | None:
        """What explains its silence; None: nothing does."""
        if device in self.failed or device in self.known.on_battery:
            return None
        for need in self.graph.needs.get(device, ()):
            dead = tuple([upper for upper in need.any_of if self.is_out(upper, need.evidence)])
            # Of several, the last one did it: that it survived the others proves nothing.
            late = tuple([upper for upper in dead if self.cuts(upper, device)])
            if late and (need.guessed or len(dead) == len(need.any_of)):
                return need.evidence, late
        if device in self.graph.roots:
            return None
        ways = self.ways(device)
        if all(self.is_out(upper, Evidence.LINK) for upper in ways):
            late = tuple([upper for upper in ways if self.cuts(upper, device)])
            if late:
                return self.graph.ways[device][late[0]].evidence, late
        return None

    # -- all of them

    def explain(self) -> Iterator[None]:
        """Fills `dead`."""
        while self._cut_off_unpolled():
            yield
        self.dead.clear()
        yield
        for number, device in enumerate((*self.known.silent, *self.gone)):
            if not number % _AT_ONCE:
                yield
            found = self.why(device)
            if found is not None:
                self.verdict.evidence[device], self.dead[device] = found

    def _cut_off_unpolled(self) -> bool:
        new = {
            node
            for node in self.graph.unpolled
            if node not in self.gone and node in self.graph.ways and self.why(node) is not None
        }
        self.gone |= new
        return bool(new)

    def find_silent_partners(self) -> Iterator[None]:
        """Providers that must have failed although nobody says so: everything that depends on one alone is
        silent, since about the same time, and no other cause is known for at least two of them."""
        again = True
        while again:
            again = False
            for provider, members in self._clients().items():
                if provider in self.failed or provider in self.known.on_battery or len(members) < 2:
                    continue
                silent = [self.known.silent[one] for one in members if one in self.known.silent]
                began = [one.began for one in silent]
                unexplained = [one for one in members if one not in self.dead]
                if len(silent) < len(members) or max(began) - min(began) > TOGETHER or len(unexplained) < 2:
                    continue
                self.failed.add(provider)
                if provider in self.graph.unpolled:
                    self.gone.add(provider)
                    self.verdict.leader[provider] = min(unexplained, key=self._order)
                again = True
            yield
            if again:
                yield from self.explain()

    def guess(self) -> Iterator[None]:
        """Nobody knows how a device is connected, and something of its site fell silent in the same minutes:
        it is taken to be behind that."""
        by_site: dict[str, list[EntityId]] = {}
        lost = []
        for number, device in enumerate(self.known.silent):
            if not number % _AT_ONCE:
                yield
            ways = [self.graph.ways[device][upper] for upper in self.ways(device)]
            if any(way.evidence is not Evidence.PLACE for way in ways) or device in self.failed:
                by_site.setdefault(self.graph.sites.get(device, ""), []).append(device)
            elif ways and device not in self.dead and device not in self.graph.roots:
                lost.append(device)
        for number, device in enumerate(lost):
            if not number % _AT_ONCE:
                yield
            if device in self.known.on_battery:
                continue
            began = self.known.silent[device].began
            near = [
                other
                for other in by_site.get(self.graph.sites.get(device, ""), ())
                if abs(self.known.silent[other].began - began) <= SAME_MINUTES
                and self.cuts(other, device)
                and not self._leans_on(other, device)
            ]
            if near:
                best = min(near, key=lambda other: (other in self.dead, *self._depth(other)))
                self.dead[device] = (best,)
                self.verdict.evidence[device] = Evidence.PLACE

    def _leans_on(self, device: EntityId, other: EntityId) -> bool:
        """Whether `other` explains it, with or without others."""
        queue, seen = [device], {device}
        while queue:
            for upper in self.dead.get(queue.pop(), ()):
                if upper == other:
                    return True
                if upper not in seen:
                    seen.add(upper)
                    queue.append(upper)
        return False

    def _clients(self) -> dict[EntityId, list[EntityId]]:
        """By provider that is not asked, or a UPS that is silent: what depends on it alone."""
        found: dict[EntityId, list[EntityId]] = {}
        unpolled = self.graph.unpolled
        for device, needs in self.graph.needs.items():
            for need in needs:
                if need.evidence is Evidence.POWER and len(need.any_of) == 1:
                    feed = need.any_of[0]
                    if feed in unpolled or feed in self.known.silent:
                        found.setdefault(feed, []).append(device)
        if unpolled:
            for device, ways in self.graph.ways.items():
                if len(ways) == 1 and (upper := next(iter(ways))) in unpolled:
                    found.setdefault(upper, []).append(device)
        return {provider: self._asked(members) for provider, members in found.items()}

    def _asked(self, members: Iterable[EntityId]) -> list[EntityId]:
        """Those of which is known whether they answer, or soon will be."""
        silent, others = self.known.silent, (self.known.answered, self.graph.patience)
        return [
            one
            for one in members
            if one in silent or (any(one in known for known in others) and not self._is_untold(one))
        ]

    def _is_untold(self, device: EntityId) -> bool:
        return any(
            upper in self.known.silent
            for need in self.graph.needs.get(device, ())
            if need.evidence in (Evidence.HOST, Evidence.CONTROLLER)
            for upper in need.any_of
        )

    def _order(self, device: EntityId) -> tuple[bool, float, EntityId]:
        """Of several devices, whose alert stands for all: what was told already, then what began first."""
        return device not in self.known.paged, self.known.silent[device].began, device

    def attribute(self) -> Iterator[None]:
        """Fills `cause`: from each fault down to what it explains. Nothing is left without a fault."""
        below: dict[EntityId, list[EntityId]] = {}
        for device, uppers in self.dead.items():
            for upper in uppers:
                below.setdefault(upper, []).append(device)
        yield
        silent, cause = self.known.silent, self.verdict.cause
        nodes = [*silent, *sorted(self.gone)]
        # Of two faults that cut a device off together, the later one did it.
        faults = sorted(
            (node for node in nodes if node not in self.dead),
            key=lambda node: (-silent[node].began if node in silent else 0.0, node),
        )
        left = list(silent)
        while faults or left:
            if not faults:
                # They explain each other, and nothing else does: the one nearest to netwatch is the fault.
                faults = [min(left, key=self._depth)]
            queue = deque(faults)
            cause.update((fault, fault) for fault in faults)
            for number in range(len(nodes)):
                if not queue:
                    break
                upper = queue.popleft()
                for device in below.get(upper, ()):
                    if device not in cause:
                        cause[device] = cause[upper]
                        queue.append(device)
                if not number % _AT_ONCE:
                    yield
            left, faults = [node for node in silent if node not in cause], []

    def _depth(self, device: EntityId) -> tuple[int, float, EntityId]:
        return sum(1 for _ in self.graph.chain(device)), self.known.silent[device].began, device

    def find_isolation(self) -> None:
        """Nothing answers, the devices that netwatch hangs on included: that is one fault, and not theirs."""
        silent, cause = self.known.silent, self.verdict.cause
        asked = self.graph.patience
        roots = [r for r in self.graph.roots if r in silent or r in asked or r in self.known.answered]
        if len(silent) < 3 or not all(root in silent for root in roots):
            return
        hanging = [root for root in roots if cause[root] == root]
        if roots and len(hanging) < len(roots):
            return  # they have a cause: power
        since = max((silent[root].began for root in roots), default=_NEVER)
        if not roots:
            newest = max(silence.began for silence in silent.values())
            hanging = [d for d, s in silent.items() if s.began > newest - TOGETHER and cause[d] == d]
            since = min((silent[device].began for device in hanging), default=_NEVER)
            if len(hanging) < 2:
                return
        others = [at for device, at in self.known.answered.items() if device not in silent]
        if any(at >= since for at in others) or (not roots and len(others) > len(silent)):
            return  # something answers, or it is too early to say
        leader = min(hanging, key=self._order)
        self.verdict.isolated = leader
        for device, fault in cause.items():
            if fault in hanging or (fault in silent and silent[fault].began >= since - TOGETHER):
                cause[device] = leader

    # -- whom to ask

    def find_unasked(self) -> Iterator[None]:
        """Fills `unasked`."""
        clients = self._clients()
        yield
        for number, (device, fault) in enumerate(self.verdict.cause.items()):
            if not number % _AT_ONCE:
                yield
            if device == fault and device in self.known.silent and device not in self.failed:
                found = self._suspects(device, clients)
                if found:
                    self.verdict.unasked[device] = frozenset(found)

    def _suspects(self, device: EntityId, clients: Mapping[EntityId, list[EntityId]]) -> set[EntityId]:
        """Those whose silence would change the verdict, and that were last heard of before it began.
        `clients`: what depends on one provider alone."""
        began = self.known.silent[device].began
        answered, silent = self.known.answered, self.known.silent

        def is_open(upper: EntityId) -> bool:
            return upper not in silent and upper in answered and answered[upper] < began

        found: set[EntityId] = set()
        for need in self.graph.needs.get(device, ()):
            found.update(upper for upper in need.any_of if is_open(upper))
            found.update(one for upper in need.any_of for one in clients.get(upper, ()) if is_open(one))
        if device in self.graph.roots:
            return found
        ways = self.ways(device)
        if not any(upper not in silent and answered.get(upper, _NEVER) >= began for upper in ways):
            found.update(upper for upper in (*ways, *self.graph.chain(device)) if is_open(upper))
            found.update(one for upper in ways for one in clients.get(upper, ()) if is_open(one))
        return found
