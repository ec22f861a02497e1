"""Which thing with a serial number filled which place, from when till when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netwatch.model import DAY, WEEK, AssetJournal, AssetSwap, AssetTenure, EntityId

__all__ = ["REWRITTEN", "AssetLedger"]

REWRITTEN = DAY
"""Seconds after which a sighting is worth writing down again."""

_BACK = WEEK
"""Seconds within which a thing that comes back to its place was never away."""

_Place = tuple[EntityId, str]


class AssetLedger:
    """Tenures by device and position, each place in the order of time."""

    def __init__(self, journal: object, current: Callable[[EntityId], EntityId]) -> None:
        self._journal = journal if isinstance(journal, AssetJournal) else None
        self._places: dict[EntityId, dict[str, list[AssetTenure]]] = {}
        self._tables: dict[_Place, str] = {}
        """Which table told of a place, since the process runs."""
        self._dirty: dict[tuple[EntityId, str, str, float], AssetTenure] = {}
        found = [] if self._journal is None else [*self._journal.load_tenures()]
        for tenure in sorted(found, key=lambda tenure: tenure.first_seen):
            device = current(tenure.device)
            self._place(device, tenure.position).append(tenure._replace(device=device))

    def fill(
        self, device: EntityId, table: str, filled: Mapping[str, tuple[str, str]], whole: bool, wall: float
    ) -> None:
        """A table tells what fills the places of a device: asset key and model by position. If it is whole,
        what it told before and lacks now is gone."""
        for position, (asset, model) in filled.items():
            self._tables[device, position] = table
            self._fill(device, position, asset, model, wall)
        if not whole:
            return
        for position in self._places.get(device, {}):
            # After a restart nobody knows which table told of a place: one that tells of places.
            teller = self._tables.get((device, position), table if filled else "")
            if position and position not in filled and teller == table:
                self._end(device, position, wall)

    def end(self, device: EntityId, wall: float) -> None:
        """The device is no more."""
        for position in self._places.get(device, {}):
            self._end(device, position, wall)

    def adopt(self, gone: EntityId, heir: EntityId) -> None:
        """A device turned out to be another one."""
        for position, tenures in self._places.pop(gone, {}).items():
            merged = [*self._place(heir, position), *(tenure._replace(device=heir) for tenure in tenures)]
            self._places[heir][position] = sorted(merged, key=lambda tenure: tenure.first_seen)

    def tenures(self, device: EntityId | None = None) -> Iterator[AssetTenure]:
        """All tenures, or those of one device; each place in the order of time."""
        devices = list(self._places) if device is None else [device]
        for one in devices:
            for tenures in self._places.get(one, {}).values():
                yield from tenures

    def swaps(self, device: EntityId | None = None) -> Iterator[AssetSwap]:
        """Where one thing followed another."""
        before: AssetTenure | None = None
        for now in self.tenures(device):
            if before is not None and before[1:3] == now[1:3] and before.asset_key != now.asset_key:
                yield AssetSwap(now.first_seen, now.device, now.position, before.asset_key, now.asset_key)
            before = now

    def flush(self) -> int:
        """Writes what changed to the journal. Returns how many tenures that was."""
        if self._journal is None or not self._dirty:
            return 0
        count = len(self._dirty)
        self._journal.save_tenures(list(self._dirty.values()))
        self._dirty.clear()
        return count

    def _fill(self, device: EntityId, position: str, asset: str, model: str, wall: float) -> None:
        place = self._place(device, position)
        last = place[-1] if place else None
        if last is None or last.asset_key != asset:
            self._end(device, position, wall)
        elif last.ended is None or wall - last.ended <= _BACK:
            model = model or last.model
            if last.ended is not None or model != last.model or wall > last.last_seen + REWRITTEN:
                self._set(last._replace(model=model, last_seen=max(wall, last.last_seen), ended=None))
            return
        tenure = AssetTenure(asset, device, position, model, wall, wall)
        place.append(tenure)
        self._set(tenure)

    def _end(self, device: EntityId, position: str, wall: float) -> None:
        place = self._place(device, position)
        if place and place[-1].ended is None:
            self._set(place[-1]._replace(ended=max(wall, place[-1].first_seen)))

    def _set(self, tenure: AssetTenure) -> None:
        self._places[tenure.device][tenure.position][-1] = tenure
        self._dirty[tenure.device, tenure.position, tenure.asset_key, tenure.first_seen] = tenure

    def _place(self, device: EntityId, position: str) -> list[AssetTenure]:
        return self._places.setdefault(device, {}).setdefault(position, [])
