"""Compiles the optional twin of the hottest loops. Where that fails, netwatch is installed without it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/netwatch/native")
TARGET = FOLDER / "_speed.abi3.so"


class NativeHook(BuildHookInterface[Any]):
    """One extension for all Pythons from 3.11 on (abi3)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is `editable` for an installation in place; a wheel leaves the one in place alone."""
        root = Path(self.root)
        with tempfile.TemporaryDirectory() as folder:
            built = Path(folder) / TARGET.name
            failure = self._compile(root, built)
            if version == "editable":
                (root / TARGET).unlink(missing_ok=True)
            if failure:
                self.app.display_warning(
                    f"netwatch runs in pure Python, slower: no compiled part ({failure})"
                )
                return
            shutil.copy(built, root / TARGET)
        machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{machine}"
        build_data["pure_python"] = False
        build_data["artifacts"].append(str(TARGET))

    def _compile(self, root: Path, target: Path) -> str:
        """Why it did not work; empty if it did."""
        compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
        command = [*compiler, "-O3", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror=implicit"]
        command += ["-I", sysconfig.get_path("include"), "-DPy_LIMITED_API=0x030B0000", "-o", str(target)]
        command += map(str, sorted((root / FOLDER).glob("*.c")))
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            return ((getattr(error, "stderr", "") or str(error)).strip().splitlines() or ["no reason given"])[
                -1
            ]
        return ""
