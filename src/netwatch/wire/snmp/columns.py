"""Several subtrees of one agent side by side: a table's columns in few requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from netwatch.errors import WireAuthError, WireDecodeError
from netwatch.model import SnmpValue
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.limits import columns_of, table_of
from netwatch.wire.snmp.pdu import ErrorStatus, Missing, Pdu, VarBind

__all__ = ["Columns"]

Arcs = tuple[int, ...]


class _Session(Protocol):
    agent: Agent
    problems: list[str]

    async def ask_next(self, question: Sequence[VarBind], repetitions: int) -> Pdu | None: ...

    async def ask_after_silence(self, question: Sequence[VarBind], key: str, size: int) -> Pdu: ...

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]: ...


class Columns:
    """One reading. An agent that answers such questions wrongly is asked for one column at a time, by the
    session's own walk, which bears more."""

    def __init__(self, session: _Session, roots: Sequence[str], top: int) -> None:
        """`top`: varbinds of each root, at most."""
        self._session = session
        self._top = top
        self._found: dict[str, dict[str, SnmpValue]] = {root: {} for root in roots}
        self._cursors: dict[str, str] = dict(zip(roots, roots, strict=True))
        """By root that is not at its end."""
        self._alone: list[str] = []
        tables = {table_of(root) for root in roots}
        self._scope = roots[0] if len(tables) == 1 else ""
        """Whose limits hold: those of the table, or of questions across tables."""

    async def read(self) -> dict[str, dict[str, SnmpValue]]:
        """Values by OID, by root. Raises WireError."""
        while self._cursors:
            await self._step()
        refused: WireDecodeError | None = None
        for root in self._alone:
            try:
                self._found[root] = await self._session.walk(root, limit=self._top)
            except WireDecodeError as error:  # this column makes the agent fail; the others are well
                refused = error
                self._session.problems.append(str(error))
        if refused is not None and not any(self._found.values()):
            raise refused
        return self._found

    async def _step(self) -> None:
        """One question that is answered, after as many as it takes to find its size."""
        agent, scope = self._session.agent, self._scope
        cells = most = agent.max_cells(scope)
        shrunk = told = False
        while self._cursors:
            if cells <= 1 < len(self._found):
                agent.cells_limited(scope, 1, told=told)
                self._leave(list(self._cursors))
                return
            batch = list(self._cursors)[:cells]
            repetitions = self._repetitions(batch, cells)
            size = max(1, repetitions) * len(batch)
            question = [VarBind(self._cursors[root], None) for root in batch]
            answer = await self._session.ask_next(question, repetitions)
            if answer is None:
                await self._session.ask_after_silence(question, columns_of(scope), size)
            elif answer.varbinds and answer.error_status == ErrorStatus.NO_ERROR:
                if shrunk:
                    agent.cells_limited(scope, size, told=told)
                elif size * 2 > most:
                    agent.cells_succeeded(scope)
                self._take(batch, answer.varbinds)
                return
            elif self._excused(batch, answer):
                return
            if size == 1:
                self._leave(batch)
                return
            # A few that got lost tell nothing of how many it bears.
            shrunk = shrunk or size * 2 > most
            told = answer is not None
            cells = size // 2 if told else size // 4

    def _repetitions(self, batch: Sequence[str], cells: int) -> int:
        """0 is GETNEXT."""
        agent = self._session.agent
        missing = max(self._top - len(self._found[root]) for root in batch)
        most = agent.max_repetitions(self._scope)
        return min(most, max(1, min(cells // len(batch), missing)))

    def _excused(self, batch: Sequence[str], answer: Pdu) -> bool:
        """True if an error is one column's alone, which then is asked no more, or no more with the others."""
        status, index = answer.error_status, answer.error_index
        if status == ErrorStatus.AUTHORIZATION_ERROR:
            raise WireAuthError("the agent refuses access (authorizationError)")
        if status in (ErrorStatus.NO_ERROR, ErrorStatus.TOO_BIG) or not 1 <= index <= len(batch):
            return False
        if status == ErrorStatus.NO_SUCH_NAME:  # the end of the MIB in SNMPv1
            del self._cursors[batch[index - 1]]
        else:
            self._leave([batch[index - 1]])
        return True

    def _leave(self, batch: Sequence[str]) -> None:
        for root in batch:
            self._cursors.pop(root, None)
            self._alone.append(root)

    def _take(self, batch: Sequence[str], varbinds: Sequence[VarBind]) -> None:
        """Sorts the answer into columns, row after row (RFC 3416, 4.2.3)."""
        cursors = {root: _arcs(self._cursors[root]) for root in batch}
        rows: dict[str, dict[str, SnmpValue]] = {root: {} for root in batch}
        ended: set[str] = set()
        for number, (oid, value) in enumerate(varbinds):
            root = batch[number % len(batch)]
            if root in ended:
                continue
            if isinstance(value, Missing):
                ended.add(root)
                continue
            arcs = _arcs(oid)
            inside = oid.startswith(root + ".") or oid == root
            again = arcs == cursors[root] and (oid != root or oid in self._found[root] or oid in rows[root])
            if arcs < cursors[root] or (inside and again):
                # Not what was asked for: another column's, or a loop. None of the answer can be trusted.
                self._session.agent.cells_limited(self._scope, 1, told=True)
                self._leave(batch)
                return
            if not inside or len(self._found[root]) + len(rows[root]) >= self._top:
                ended.add(root)
                continue
            cursors[root] = arcs
            rows[root][oid] = value
        for root in batch:
            if rows[root]:
                self._found[root] |= rows[root]
                self._cursors[root] = next(reversed(rows[root]))
            if root in ended or len(self._found[root]) >= self._top:
                del self._cursors[root]


def _arcs(oid: str) -> Arcs:
    return tuple(map(int, oid.split(".")))
