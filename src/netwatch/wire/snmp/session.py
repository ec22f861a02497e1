"""Exact GETs and walks over one agent, kind to its limits."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.errors import WireAuthError, WireDecodeError, WireTimeout
from netwatch.model import SnmpValue
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.columns import Columns
from netwatch.wire.snmp.limits import table_of
from netwatch.wire.snmp.pdu import ErrorStatus, Missing, Pdu, PduType, VarBind

__all__ = ["NetworkSession"]

MAX_ROWS = 250_000
"""A walk without a limit of its own ends here, whatever the agent goes on to invent."""
GENTLE = 8
"""GETs of more varbinds than this are asked again in halves when an agent that just answered falls silent."""

SHARE = 4
"""After a silence the agent is asked for this part of what it was silent about."""


class NetworkSession:
    """SnmpSession over UDP. `problems` collects what the agent did wrong without spoiling the answer."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        """What is known of the agent, and how it is asked."""
        self._answered = agent.heard
        self._silent_at = 0
        """Varbinds of a GET that got no answer; it was too large if a smaller one gets one."""
        self.problems: list[str] = []

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """Values of exact OIDs in the order asked; what the agent does not have is left out.

        Raises WireError if it does not answer, ValueError for what is no OID.
        """
        found: dict[str, SnmpValue] = {}
        # Chunks still to ask, the next one last: splitting puts the halves in place of the whole.
        pending = self._chunks(list(oids))
        while pending:
            chunk = pending.pop()
            if len(chunk) > self.agent.max_varbinds:
                pending.extend(self._chunks(chunk))
                continue
            pending.extend(reversed(await self._get_chunk(chunk, found)))
        return {oid: found[oid] for oid in oids if oid in found}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        """The subtree at or below `root`, at most `limit` varbinds. Raises WireError."""
        rows: dict[str, SnmpValue] = {}
        top = MAX_ROWS if limit is None else limit
        cursor = root
        while True:
            # One beyond the limit tells whether there is more.
            varbinds = await self._next(cursor, root, bool(rows), top - len(rows) + 1)
            if varbinds is None or not self._take(varbinds, root, rows, top):
                break
            cursor = varbinds[-1].oid
        if not rows and root.endswith(".0"):
            # GETNEXT passes over the instance itself.
            return await self.get([root])
        return rows

    async def walk_many(
        self, roots: Sequence[str], *, limit: int | None = None
    ) -> dict[str, dict[str, SnmpValue]]:
        """Several subtrees side by side, by root, at most `limit` varbinds of each: columns of one table, in
        as few requests as the agent bears. Raises WireError.
        """
        found = await Columns(self, roots, MAX_ROWS if limit is None else limit).read()
        for root in [root for root in roots if not found[root] and root.endswith(".0")]:
            found[root] = await self.get([root])  # GETNEXT passes over the instance itself
        return found

    async def following(self, oid: str) -> str | None:
        """The agent's next OID after `oid`, wherever that is. Raises WireError."""
        answer = await self.ask_next([VarBind(oid, None)], 0)
        if answer is None or answer.error_status or not answer.varbinds:
            return None
        found = answer.varbinds[0]
        if isinstance(found.value, Missing) or _arcs(found.oid) <= _arcs(oid):
            return None
        return found.oid

    async def ask_next(self, question: Sequence[VarBind], repetitions: int) -> Pdu | None:
        """The answer to a GETBULK, or a GETNEXT for 0 repetitions. None where an agent that just answered is
        silent: perhaps it bears less, or no GETBULK. Raises WireError."""
        agent = self.agent
        if agent.is_v1 or not repetitions:
            kind, bulk, tries = PduType.GET_NEXT, 0, None
        else:
            # One repeat is enough to tell loss from a reply that is too much, where little gets lost.
            tries = min(2, agent.access.retries + 1) if self._answered and not agent.lossy else None
            kind, bulk = PduType.GET_BULK, repetitions
        try:
            answer = await agent.ask(Pdu(kind, 0, 0, bulk, question), tries=tries)
        except WireTimeout:
            if self._answered and kind == PduType.GET_BULK:
                return None
            self._answered = False  # it is gone: the next question is not asked in vain so often
            raise
        self._answered = True
        return answer

    async def ask_after_silence(self, question: Sequence[VarBind], key: str, size: int) -> Pdu:
        """Whether the agent is there at all: the least that can be asked. Raises WireError."""
        try:
            answer = await self.ask_next(question[:1], 0)
        except WireTimeout:
            self.agent.limits.vanished(key, size // SHARE)
            raise
        assert answer is not None
        return answer

    async def close(self) -> None:
        return None

    def _chunks(self, oids: list[str]) -> list[list[str]]:
        """In reverse, so that the first one is popped first."""
        size = self.agent.max_varbinds
        return [oids[start : start + size] for start in range(0, len(oids), size)][::-1]

    async def _get_chunk(self, chunk: list[str], found: dict[str, SnmpValue]) -> list[list[str]]:
        """Asks once; returns what is to be asked again."""
        agent = self.agent
        if not self._answered:
            self._answered = agent.heard
        try:
            answer = await agent.ask(Pdu(PduType.GET, 0, varbinds=[VarBind(oid, None) for oid in chunk]))
        except WireTimeout:
            # Silence after an answer: perhaps the reply was too large for the agent or for the path.
            if not self._answered or len(chunk) <= GENTLE:
                self._answered, self._silent_at = False, 0
                raise
            self._silent_at = len(chunk)
            return _halves(chunk)
        if self._silent_at > len(chunk):
            agent.too_big(self._silent_at, told=False)
        self._answered, self._silent_at = True, 0
        status, index = answer.error_status, answer.error_index
        if status == ErrorStatus.NO_ERROR:
            agent.get_succeeded(len(chunk))
            asked = set(chunk)
            found.update(
                (oid, value)
                for oid, value in answer.varbinds
                if oid in asked and not isinstance(value, Missing)
            )
            return []
        if status == ErrorStatus.AUTHORIZATION_ERROR:
            raise WireAuthError("the agent refuses access (authorizationError)")
        if status == ErrorStatus.TOO_BIG:
            agent.too_big(len(chunk), told=True)
        elif 1 <= index <= len(chunk):
            rest = chunk[: index - 1] + chunk[index:]
            if status != ErrorStatus.NO_SUCH_NAME:
                self.problems.append(f"{chunk[index - 1]}: the agent failed ({_name(status)})")
            return [rest] if rest else []
        if len(chunk) > 1:
            return _halves(chunk)
        self.problems.append(f"{chunk[0]}: the agent failed ({_name(status)})")
        return []

    async def _next(self, cursor: str, root: str, started: bool, most: int) -> Sequence[VarBind] | None:
        """What follows `cursor`, one varbind at least; None at the end of what the agent gives."""
        agent = self.agent
        question = [VarBind(cursor, None)]
        ceiling = agent.max_repetitions(root)
        repetitions = limit = min(ceiling, most)
        while True:
            answer = await self.ask_next(question, repetitions)
            silent = answer is None
            if answer is None:
                answer = await self.ask_after_silence(question, table_of(root), repetitions)
                if limit == ceiling:  # a few that got lost tell nothing of how many it bears
                    agent.bulk_limited(root, repetitions // SHARE, told=False)
                repetitions = 0
            if answer.error_status == ErrorStatus.NO_ERROR and answer.varbinds:
                if repetitions == limit:
                    agent.bulk_succeeded(root)
                elif not silent and (limit == ceiling or repetitions == 0):
                    agent.bulk_limited(root, repetitions, told=True)
                return answer.varbinds
            if answer.error_status == ErrorStatus.NO_SUCH_NAME:
                return None
            if answer.error_status == ErrorStatus.AUTHORIZATION_ERROR:
                raise WireAuthError("the agent refuses access (authorizationError)")
            if repetitions == 0:
                self._broken_off(cursor, root, answer, started)
                return None
            repetitions //= 2

    def _broken_off(self, cursor: str, root: str, answer: Pdu, started: bool) -> None:
        what = _name(answer.error_status) if answer.error_status else "an empty reply"
        message = f"{root}: the agent failed after {cursor} ({what})"
        if not started:
            raise WireDecodeError(message)
        self.problems.append(message)

    def _take(self, varbinds: Sequence[VarBind], root: str, rows: dict[str, SnmpValue], top: int) -> bool:
        """Adds what belongs to the subtree; False once it has ended."""
        inside = root + "."
        last = _arcs(next(reversed(rows))) if rows else ()
        for oid, value in varbinds:
            if isinstance(value, Missing) or not (oid.startswith(inside) or oid == root):
                return False
            arcs = _arcs(oid)
            if arcs <= last:
                self.problems.append(f"{root}: OIDs do not increase at {oid}, the walk ends there")
                return False
            if len(rows) >= top:
                self.problems.append(f"{root}: more than {top} values, the rest is not read")
                return False
            last = arcs
            rows[oid] = value
        return True


def _halves(chunk: list[str]) -> list[list[str]]:
    middle = (len(chunk) + 1) // 2
    return [half for half in (chunk[:middle], chunk[middle:]) if half]


def _arcs(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _name(status: int) -> str:
    try:
        return ErrorStatus(status).name
    except ValueError:
        return f"error {status}"
