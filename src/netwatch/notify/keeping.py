"""What an evaluation said, on disk; and where the disk won't have it, on its way from memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from netwatch.errors import StoreError
from netwatch.model import Clock, Notice, Severity, Transition
from netwatch.notify.dispatcher import Dispatcher
from netwatch.notify.notices import Notices
from netwatch.store import Remembered, Store

__all__ = ["UNWRITTEN", "Keeper"]

UNWRITTEN = "NetwatchStoreUnwritable"
"""Name of the alert of netwatch about itself, while pages go out from memory."""


class Keeper:
    """Incidents and messages in one transaction, which may use the disk space held in reserve."""

    def __init__(self, store: Store, notices: Notices, clock: Clock) -> None:
        self._store = store
        self._notices = notices
        self._clock = clock
        self._own: list[Transition] = []
        """About netwatch itself; not accepted by the store yet."""
        self._log = structlog.get_logger("netwatch.notify")

    def tell(self, notices: Sequence[Transition]) -> None:
        """Has these go out with the next `keep`."""
        self._own += notices

    def keep(
        self,
        dispatcher: Dispatcher,
        transitions: Sequence[Transition],
        healthy: Sequence[Remembered],
        *,
        told: Sequence[Transition | Notice] | None = None,
        also: Callable[[], None] | None = None,
    ) -> bool:
        """`told` is what goes out, None: the transitions; `also` writes more in the same transaction.

        True: all of it is on disk. False: messages go out from memory, and the caller hands the same in again
        next time.
        """
        told = transitions if told is None else told
        now = self._clock.now().wall
        own = [*self._own, *self._notices.ending(UNWRITTEN, now)]
        if not (transitions or healthy or own or told or also):
            return True

        def write() -> None:
            self._store.incidents.record(transitions)
            self._store.incidents.remember(healthy)
            if also is not None:
                also()
            dispatcher.notify([*told, *own])

        try:
            self._store.persist(write)
        except StoreError as error:
            self._failed(dispatcher, told, str(error), now)
            return False
        self._own.clear()
        if self._notices.ending(UNWRITTEN, now):
            self._log.warning("the store is written again")
        self._notices.ended(UNWRITTEN)
        dispatcher.kept()
        return True

    def _failed(
        self, dispatcher: Dispatcher, told: Sequence[Transition | Notice], problem: str, now: float
    ) -> None:
        summary = f"netwatch can't write its state and pages from memory: make room. {problem}"
        news = self._notices.begin(UNWRITTEN, summary, Severity.CRITICAL, now)
        if news:
            self._log.error("the store is not written; pages go out from memory", error=problem)
        self._own += news
        dispatcher.hold([*told, *self._own], problem)
