"""One table's raw answer from whatever source it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netwatch.errors import WireError
from netwatch.model import Target
from netwatch.polling.ports import TablePort
from netwatch.wire import DocumentReader, Fetched, HttpJson, SnmpSession, SnmpWire, SshRunner, Template

__all__ = ["Fetcher", "Raw"]


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer, and what the device did wrong while giving it."""

    data: Any
    problems: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)
    """Documents of the tables that this one looks into."""


class Fetcher:
    """Asks one device for one table at a time."""

    def __init__(self, snmp: SnmpWire | None, ssh: SshRunner | None, http: HttpJson | None) -> None:
        self._snmp = snmp
        self._ssh = ssh
        self._http = http

    async def fetch(self, target: Target, template: Template) -> Fetched:
        """Exact OIDs by SNMP. Raises WireError."""
        if self._snmp is None or target.snmp is None:
            raise WireError("no SNMP access")
        return await self._snmp.fetch(target, template)

    async def table(self, target: Target, table: TablePort, documents: DocumentReader | None = None) -> Raw:
        """`documents`: what this pass has read over HTTP already. Raises WireError, MissingExtra."""
        if table.source == "ssh":
            if self._ssh is None:
                raise WireError("no SSH access")
            return Raw(await self._ssh.run(target, table.command))
        if table.source == "http-json":
            if documents is None:
                documents = self.documents(target)
            if documents is None:
                raise WireError("no HTTP access")
            return await self._documents(table, documents)
        return await self._snmp_table(target, table)

    async def _documents(self, table: TablePort, documents: DocumentReader) -> Raw:
        if table.request is None:
            raise WireError("nothing to ask for over HTTP")
        own = await documents.read(table.request)
        problems, others = list(own.problems), {}
        for name, request in table.joins:
            found = await documents.read(request)
            others[name] = found.data
            problems += found.problems
        return Raw(own.data, tuple(dict.fromkeys(problems)), others)

    def documents(self, target: Target) -> DocumentReader | None:
        """For one pass over a device; None without HTTP."""
        return None if self._http is None or target.http is None else DocumentReader(self._http, target)

    async def _snmp_table(self, target: Target, table: TablePort) -> Raw:
        session = self._session(target, table.context)
        limit = target.limits.get(table.name, table.max_rows) or None
        try:
            values = await session.get(table.oids) if table.oids else {}
            for root in table.roots:
                # One more than allowed: the plan sees that there is more, and says so.
                values |= await session.walk(root, limit=None if limit is None else limit + 1)
        finally:
            await session.close()
        return Raw(values, tuple(session.problems))

    def _session(self, target: Target, context: str) -> SnmpSession:
        if self._snmp is None or target.snmp is None:
            raise WireError("no SNMP access")
        return self._snmp.session(target, context=context)
