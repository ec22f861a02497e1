"""`python -m netwatch.exposition docs/metrics.md` renews the reference within that document."""

from __future__ import annotations

import sys
from pathlib import Path

from netwatch.exposition.reference import insert, reference
from netwatch.model import load_catalogue


def main(path: Path) -> None:
    path.write_text(insert(path.read_text(encoding="utf-8"), reference(load_catalogue())), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
