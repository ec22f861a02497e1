"""Asks a device what it is and has: matches profiles, walks what they need, compiles the plan for polling."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netwatch.discovery.contexts import in_contexts
from netwatch.discovery.enterprises import first_objects
from netwatch.discovery.http_answers import answering, host_of
from netwatch.discovery.identity import identity_observation, scope_of
from netwatch.discovery.snmp_tables import SnmpTables, walk_many
from netwatch.errors import ConfigError, MissingExtra, Problem, WireError, WireNotFound
from netwatch.model import (
    SYS_DESCR,
    SYS_NAME,
    SYS_OBJECT_ID,
    Clock,
    EntityKind,
    HttpRequest,
    Observation,
    SnmpValue,
    Target,
)
from netwatch.profiles import (
    PRODUCT,
    DeviceFrame,
    Explanation,
    Fingerprint,
    LabelBudget,
    Plan,
    Profile,
    ProfileSet,
    Rows,
    Splitter,
    Table,
    TableMode,
    TablePlan,
    TableSource,
    candidates,
    choose,
    evaluate,
    known_host,
    needed_oids,
    needed_paths,
    observation,
    plan_table,
    rows_of_document,
    rows_of_records,
)
from netwatch.profiles.language.values import Value, text, truth
from netwatch.wire import DocumentReader, HttpJson, SnmpSession, SnmpWire, SshRunner

__all__ = ["NO_ROWS", "Discovery", "discover"]

LARGE = 50
"""Rows whose mapping takes about 10 ms."""
NO_ROWS = "no rows"
"""Why most tables are skipped: the device has no such thing."""

ENGINE_ID = "1.3.6.1.6.3.10.2.1.1.0"  # snmpEngineID, SNMP-FRAMEWORK-MIB


@dataclass(frozen=True)
class Discovery:
    """What was found out about one device."""

    plan: Plan
    observations: tuple[Observation, ...]
    """One per table, and `identity` with the device itself first."""
    matched: Explanation
    problems: tuple[str, ...] = ()
    """What could not be read, in words for a person."""


async def discover(
    target: Target,
    *,
    snmp: SnmpWire | None,
    ssh: SshRunner | None = None,
    http: HttpJson | None = None,
    profiles: ProfileSet,
    clock: Clock,
) -> Discovery:
    """Reads one device. WireError: no first answer. ConfigError: unknown profile."""
    session = snmp.session(target) if snmp is not None and target.snmp is not None else None
    try:
        run = _Run(target, session, snmp, ssh, profiles, clock)
        if http is not None and target.http is not None:
            run.documents = DocumentReader(http, target)
        return await run.discover()
    finally:
        if session is not None:
            await session.close()


@dataclass
class _Run:
    target: Target
    session: SnmpSession | None
    snmp: SnmpWire | None
    ssh: SshRunner | None
    profiles: ProfileSet
    clock: Clock
    answers: dict[str, SnmpValue] = field(default_factory=dict)
    """Single OIDs that were asked."""
    problems: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    tables: SnmpTables | None = field(init=False)
    """What is read over SNMP."""
    refused: list[WireError] = field(default_factory=list)
    """Why tables could not be read."""
    documents: DocumentReader | None = None
    """What is read over HTTP."""
    again: set[str] = field(default_factory=set)
    """Tables to be polled although nothing of them could be read now."""
    partial: set[str] = field(default_factory=set)
    """Tables of which a part could not be read."""

    def __post_init__(self) -> None:
        self.tables = None if self.session is None else SnmpTables(self.session)

    async def discover(self) -> Discovery:
        if self.session is not None:
            await self._get([SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, ENGINE_ID])
        profile, explanation = await self._match()
        await self._get([scalar.oid for scalar in profile.scalars.values()])
        scalars: dict[str, Value] = {}
        oids = {name: scalar.oid for name, scalar in profile.scalars.items()}
        Splitter((), oids).split(self.answers, {}, scalars)
        scalars[PRODUCT] = self.profiles.models.of(self._object_id)
        rows: dict[str, Rows] = {}
        tables = [table for table in profile.tables.values() if self._wanted(table, profile, scalars)]
        await self._look(tables)
        for table in tables:
            found = await self._read(table, profile)
            if found or table.name in self.again:
                rows[table.name] = found
            else:
                self.skipped.setdefault(table.name, NO_ROWS)
        if self.session is None and self.refused and not any(rows.values()):
            raise self.refused[0]  # nothing was heard of it: no plan is better than an empty one
        frame = DeviceFrame(profile, rows, scalars)
        plans: list[TablePlan] = []
        observations: list[Observation] = []
        for table in tables:
            if table.name in rows:
                arguments = table, profile, frame, plans, observations
                if len(rows[table.name]) > LARGE:  # would hold the loop: another thread takes turns with it
                    await asyncio.to_thread(self._add, *arguments)
                else:
                    self._add(*arguments)
                    await asyncio.sleep(0)  # let others have a turn in between
        for table in tables:
            if table.contexts:
                await self._ask_in_contexts(table, profile, scalars, plans, observations)
        families = {
            one.table: tuple(dict.fromkeys(reading.family for reading in one.readings))
            for one in observations
        }
        engine = self.answers.get(ENGINE_ID)
        objects: list[str] = []
        if not {"vendor", "kind"} <= {*profile.constant, *profile.identity}:
            objects = await self._enterprises()
        vendor = self.profiles.vendors.of(self._object_id, text(self.answers.get(SYS_DESCR)) or "", objects)
        root = identity_observation(self.target, profile, frame, vendor, engine, self.clock.now())
        names = (explanation.profile, *(name for name, _ in explanation.attached))
        return Discovery(
            plan=Plan(names, tuple(plans), digest=self.profiles.digest),
            observations=(root, *observations),
            matched=Explanation(
                explanation.profile,
                explanation.reasons,
                explanation.attached,
                explanation.others,
                families,
                dict(self.skipped),
            ),
            problems=tuple(self.problems) + tuple(text for one in observations for text in one.problems),
        )

    # asking

    async def _get(self, oids: Iterable[str]) -> None:
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self.answers]
        if self.session is not None and wanted:
            self.answers |= await self.session.get(wanted)

    async def _has(self, roots: Sequence[str]) -> dict[str, bool]:
        """For each subtree: is there anything at or below it?"""
        if self.session is None:
            return {}
        await self._get(roots)
        below = await walk_many(self.session, [root for root in roots if root not in self.answers], 1)
        return {root: root in self.answers or bool(below[root]) for root in roots}

    @property
    def _object_id(self) -> str:
        """sysObjectID; some agents tell it as text that begins with a dot."""
        return (text(self.answers.get(SYS_OBJECT_ID)) or "").removeprefix(".")

    async def _enterprises(self) -> list[str]:
        """Objects that tell who made the agent, where sysObjectID does not."""
        if self.profiles.vendors.tells(self._object_id):
            return []
        try:
            return await first_objects(self.session)
        except WireError as error:
            self.problems.append(str(error))
            return []

    async def _ask_in_contexts(
        self,
        table: Table,
        profile: Profile,
        scalars: dict[str, Value],
        plans: list[TablePlan],
        observations: list[Observation],
    ) -> None:
        """Per-VLAN instances of bridge tables: community@vlan, or a context of v3."""
        if self.snmp is None:
            return
        limit = self._limit(table)

        async def ask(session: SnmpSession) -> Rows:
            return await SnmpTables(session).rows(table, limit)

        async for vlan, rows in in_contexts(self.snmp, self.target, _vlans(observations), ask):
            if rows:
                frame = DeviceFrame(profile, {table.name: rows}, scalars, vlan)
                self._add(table, profile, frame, plans, observations, vlan)

    # matching

    async def _match(self) -> tuple[Profile, Explanation]:
        known, recognised = self.profiles.profiles, self.profiles.recognised
        if self.target.profile:
            forced = known.get(self.target.profile)
            if forced is None:
                message = f"{self.target.name}: unknown profile {self.target.profile!r}"
                raise ConfigError([Problem("", f"devices.{self.target.name}.profile", message)])
            return forced, Explanation(forced.name, ("the inventory names it",))
        present: dict[str, bool] = {}
        answered: set[HttpRequest] = set()
        device = Fingerprint(
            sys_object_id=self._object_id,
            sys_descr=text(self.answers.get(SYS_DESCR)) or "",
            sys_name=text(self.answers.get(SYS_NAME)) or "",
            has=lambda oid: present.get(oid, False),
            value=lambda oid: self.answers.get(oid),
            answers=lambda request: request in answered,
            http_host=host_of(self.target),
        )
        subtrees, values = needed_oids(recognised, device)
        await self._get(sorted(values))
        present |= await self._has(sorted(subtrees))
        if not known_host(recognised, device):
            requests = needed_paths(recognised, device)
            answered |= await answering(self.documents, self.target, requests, self.problems)
        found = candidates(recognised, device)
        main, attached = choose(found)
        if main is not None:
            profile, reasons = known[main.profile.name], main.reasons
        elif (fallback := self.profiles.fallback) is not None:
            profile, reasons = fallback, ("no other profile matches",)
        else:
            raise ConfigError(f"no profile matches {self.target.name}, and there is none named 'generic'")
        inside = {profile.name, *profile.includes}
        others = tuple(
            (one.profile.name, one.reasons)
            for one in found
            if not one.profile.attach and one.profile.name not in inside
        )
        attached = [one for one in attached if one.profile.name not in inside]
        explanation = Explanation(
            profile.name, reasons, tuple((one.profile.name, one.reasons) for one in attached), others
        )
        others_attached = [known[one.profile.name] for one in attached]
        return self.profiles.pool.attached(profile, others_attached), explanation

    # tables

    def _wanted(self, table: Table, profile: Profile, scalars: Mapping[str, Value]) -> bool:
        if table.requires is None:
            return True
        frame = DeviceFrame(profile, {}, dict(scalars))
        if truth(table.requires(scope_of(frame))) is True:
            return True
        self.skipped[table.name] = f"not so: {table.requires.source}"
        return False

    async def _read(self, table: Table, profile: Profile) -> Rows:
        try:
            return await self._read_source(table, profile)
        except (WireError, MissingExtra) as error:
            if isinstance(error, WireError):
                self.refused.append(error)
                lasting = isinstance(error, WireNotFound) or table.mode is TableMode.FIXED
                if table.source is TableSource.HTTP_JSON and not lasting:
                    self.again.add(table.name)
            self.skipped[table.name] = str(error)
            self.problems.append(f"table {table.name}: {error}")
            return {}

    async def _read_source(self, table: Table, profile: Profile) -> Rows:
        if table.source is TableSource.SSH:
            if self.ssh is None or self.target.ssh is None:
                self.skipped[table.name] = "no SSH access"
                return {}
            return rows_of_records(table, await self.ssh.run(self.target, table.command))
        if table.source is TableSource.HTTP_JSON:
            if self.documents is None:
                self.skipped[table.name] = "no HTTP access"
                return {}
            found = await self.documents.read(profile.request(table))
            if found.problems:
                self.partial.add(table.name)
                self.problems += [f"table {table.name}: {text}" for text in found.problems]
            return rows_of_document(table, found.data)
        return {} if self.tables is None else await self.tables.rows(table, self._limit(table))

    async def _look(self, tables: Iterable[Table]) -> None:
        if self.tables is not None:
            try:
                await self.tables.look(tables)
            except WireError as error:
                self.problems.append(str(error))  # each table finds out for itself

    def _limit(self, table: Table) -> int:
        return self.target.limits.get(table.name, table.max_rows)

    def _add(
        self,
        table: Table,
        profile: Profile,
        frame: DeviceFrame,
        plans: list[TablePlan],
        observations: list[Observation],
        context: str = "",
    ) -> None:
        limit = self._limit(table)
        result = evaluate(table, frame, slots=None, full=True, max_rows=limit)
        LabelBudget().apply(table, result)
        plan = plan_table(table, profile, frame, result.slots, limit, context, self.profiles.pool)
        interval = plan.interval or self.target.interval
        if not result.slots and not result.readings and table.name not in self.again:
            self.skipped.setdefault(plan.name, "no row fits")
            if table.mode is TableMode.FIXED:
                return
        told = observation(plan.name, result, self.target.device, self.clock.now(), interval, full=True)
        if table.name in self.partial:
            told = replace(told, complete=False)
        if table.name not in self.again:
            observations.append(told)
        if plan.oids or plan.roots or table.source is not TableSource.SNMP:
            plans.append(plan)
            _ = plan.blocks  # compiled here, where it may take its time


def _vlans(observations: Iterable[Observation]) -> list[str]:
    """The VLANs that were found."""
    seen = (one for observation in observations for one in observation.seen)
    return [one.key.natural for one in seen if one.key.kind is EntityKind.VLAN]
