"""What every test may rely on: servers are there or the test is skipped loudly; caches are the tests' own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands of a session share their compiled profiles, and leave those of whoever runs it alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CACHE_DIRECTORY", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("server"):
        for name in mark.args:
            if shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/bin") is None:
                pytest.skip(f"MISSING SERVER {name}: not tested on this machine")
