"""Says in a line if the compiled part is not there: for whoever has just installed netwatch."""

from __future__ import annotations

import sys

from netwatch.native import load


def main() -> None:
    if load({}) is None:
        print(  # noqa: T201 - what this program is for
            "netwatch runs in pure Python, several times slower: no C compiler, or no headers of this Python "
            "(Debian: apt-get install gcc python3-dev), when it was installed.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
