"""What every test may rely on: servers are there or the test is skipped loudly."""

from __future__ import annotations

import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("server"):
        for name in mark.args:
            if shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/bin") is None:
                pytest.skip(f"MISSING SERVER {name}: not tested on this machine")
