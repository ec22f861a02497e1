"""Rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src/netwatch").rglob("*.py"))
MODULES = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in SOURCES]


def names(module: str) -> str:
    return module.removesuffix(".__init__")


@pytest.mark.parametrize("module", MODULES, ids=names)
def test_what_a_module_promises_is_there(module: str) -> None:
    loaded = importlib.import_module(names(module))
    for name in getattr(loaded, "__all__", ()):
        assert hasattr(loaded, name), f"{module}.__all__ names {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450, "is it still one thing?"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_device_knowledge_stays_out_of_python(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    vendors = r"\b(cisco|aruba|juniper|ubiquiti|ruckus|netapp|meraki|fortinet|aerohive|polycom|synology)\b"
    assert not re.search(vendors, text, re.IGNORECASE)
    assert not re.search(r"1\.3\.6\.1\.4\.1\.\d", text), "a vendor's OID belongs into collectors/"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree)


def test_no_machine_path_and_no_registry_host_is_committed() -> None:
    hosts = re.compile(r"(pythonh" r"osted|npmj" r"s)\.(org|com)|/w" r"ork/|/ro" r"ot/\.")
    folders = ("src", "collectors", "config", "dashboards", "deploy", "docs", "tests", "requirements")
    kinds = {".py", ".yaml", ".yml", ".json", ".md", ".txt", ".sh"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    offenders = [str(path) for path in files if hosts.search(path.read_text("utf-8", errors="replace"))]
    assert offenders == []
