"""What an agent bears: how many varbinds and rows it can be asked for at once, learnt from its failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GET", "Limit", "Limits", "columns_of", "table_of"]

GET = "get"
"""Key of the limit of varbinds in a GET."""

RELAX_AFTER = 200
"""Full answers in a row after which a lowered limit is doubled: a lossy hour must not slow an agent for
ever."""
RELAX_AFTER_LOSS = 20
"""The same on a lossy path, where the failure was hardly about the question."""
SURE = 2
"""Failures from which on a limit is taken for the agent's nature and is not tried beyond again."""


@dataclass(slots=True)
class Limit:
    """One limit below the configured one."""

    most: int
    """Rows of a GETBULK: 0 is GETNEXT, for an agent that knows no GETBULK there."""
    failures: int = 0
    """How often more was tried and failed."""
    good: int = 0
    """Full answers since."""


class Limits:
    """The learnt limits of one agent, by key: GET, or what `table_of` and `columns_of` say."""

    def __init__(self) -> None:
        self._limits: dict[str, Limit] = {}
        self._suspects: set[str] = set()
        """The agent vanished when it was asked for these."""

    @property
    def untouched(self) -> bool:
        """Nothing was learnt: what is configured holds."""
        return not self._limits

    def most(self, key: str, configured: int) -> int:
        """How much to ask for at once; `configured` where nothing was learnt.

        An agent that bears less for two tables is not tried with more for a third one.
        """
        limit = self._limits.get(key)
        if limit is not None:
            return min(configured, limit.most)
        alike = [one.most for other, one in self._limits.items() if _kind(other) == _kind(key)]
        return min(configured, max(alike)) if len(alike) > 1 else configured

    def failed(self, key: str, most: int, *, told: bool, lossy: bool = False) -> None:
        """So many were answered after more were not.

        told: the agent said so (tooBig, an empty reply), which is certain at once. Silence may be loss: it is
        tried again after a while, and believed when it fails once more. On a `lossy` path it is never
        believed for good.
        """
        limit = self._limits.setdefault(key, Limit(most))
        limit.most, limit.good = most, 0
        if told:
            limit.failures = SURE
        elif not lossy or limit.failures == 0:
            limit.failures += 1

    def succeeded(self, key: str, configured: int, *, lossy: bool = False) -> None:
        """As many as the limit allows were answered."""
        self._suspects.discard(key)
        limit = self._limits.get(key)
        if limit is None or limit.most >= configured or limit.failures >= SURE:
            return
        limit.good += 1
        if limit.good >= (RELAX_AFTER_LOSS if lossy else RELAX_AFTER):
            limit.good, limit.most = 0, min(configured, max(1, limit.most * 2))

    def vanished(self, key: str, most: int) -> None:
        """The agent fell silent altogether when it was asked for more than so many.

        Once, that is a power cut. Twice with no answer to so many in between, it is what makes it crash.
        """
        if key in self._suspects:
            self._suspects.discard(key)
            self.failed(key, most, told=False)
        else:
            self._suspects.add(key)

    def export(self) -> dict[str, list[int]]:
        """As JSON: [limit, failures] by key."""
        return {key: [limit.most, limit.failures] for key, limit in self._limits.items()}

    def restore(self, value: object) -> None:
        """Takes over what `export` gave; what has another form is passed over."""
        if not isinstance(value, Mapping):
            return
        for key, pair in value.items():
            if isinstance(key, str) and isinstance(pair, list) and len(pair) == 2:
                most, failures = pair
                if type(most) is int and type(failures) is int and most >= 0 <= failures:
                    self._limits[key] = Limit(most, failures)


def table_of(root: str) -> str:
    """The table that a subtree belongs to: the entry of a column, else the subtree itself.

    By SMI's convention columns lie below `xxxEntry`, whose last arc is 1 (RFC 4181, 4.6.2).
    """
    entry = root.rpartition(".")[0]
    return entry if entry.endswith(".1") else root


def _kind(key: str) -> str:
    """Limits of one kind count the same thing."""
    return GET if key == GET else "*" if key.endswith("*") else ""


def columns_of(root: str) -> str:
    """Key of how many varbinds may be asked for at once when columns of a table are read side by side."""
    return table_of(root) + "*"
