"""Compiles the optional twin of the hottest loops. Where that fails, netwatch is installed without it."""

from __future__ import annotations

import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/netwatch/native")
TARGET = FOLDER / "_speed.abi3.so"


class NativeHook(BuildHookInterface[Any]):
    """One extension for all Pythons from 3.11 on (abi3)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        sources = sorted((root / FOLDER).glob("*.c"))
        compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
        include = sysconfig.get_path("include")
        command = [*compiler, "-O3", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror=implicit"]
        command += [
            "-I",
            include,
            "-DPy_LIMITED_API=0x030B0000",
            "-o",
            str(root / TARGET),
            *map(str, sources),
        ]
        (root / TARGET).unlink(missing_ok=True)
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            self.app.display_warning(f"netwatch runs in pure Python, slower: no compiled part ({reason[-1]})")
            return
        machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{machine}"
        build_data["pure_python"] = False
        build_data["artifacts"].append(str(TARGET))
