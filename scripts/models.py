"""The lines of a file below collectors/models, from the MIB modules of a maker.

    python scripts/models.py FOLDER ARCS [ARCS ...] > lines

FOLDER holds the modules, unpacked. ARCS: where the maker registers what is sold, from the enterprise number
on, with * for any number: 9.1.*. Names at exactly that depth are told, with the arcs after that number.
Look the list through: boards, slots and groups of objects are registered like models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from netwatch.drafting.mib_clauses import ClauseParser
from netwatch.drafting.mib_library import Library, read_outlines

ENTERPRISES = (1, 3, 6, 1, 4, 1)

Oid = tuple[int, ...]


def lines(library: Library, patterns: Sequence[Sequence[str]]) -> Iterator[str]:
    """One for each registered name, in the order of the arcs."""
    names: dict[Oid, str] = {}
    for module in library.outlines:
        for name in module.nodes:
            oid = library.oid_of(module, name)
            if oid is not None and any(_fits(oid, pattern) for pattern in patterns):
                names.setdefault(oid, name)
    for oid in sorted(names):
        yield f"{'.'.join(map(str, oid[len(ENTERPRISES) + 1 :]))} {names[oid]}"


def _fits(oid: Oid, pattern: Sequence[str]) -> bool:
    arcs = oid[len(ENTERPRISES) :]
    same = len(arcs) == len(pattern) and oid[: len(ENTERPRISES)] == ENTERPRISES
    return same and all(one in ("*", str(arc)) for one, arc in zip(pattern, arcs, strict=True))


def main(folder: str, *arcs: str) -> None:
    library = Library(read_outlines([Path(folder)]), ClauseParser())
    for line in lines(library, [one.split(".") for one in arcs]):
        sys.stdout.write(f"  {line}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
