"""The documentation names everything that a user can type, set, read or be paged for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from netwatch.cli import build
from netwatch.model import load_catalogue

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def commands(
    group: typer.core.TyperGroup, prefix: str = "netwatch"
) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def everything_typed() -> list[tuple[str, str]]:
    group = typer.main.get_command(build())
    out = []
    for name, command in commands(group):
        out.append((name, name))
        for parameter in command.params:
            if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
                out += [
                    (name, option)
                    for option in parameter.opts
                    if option.startswith("--") and option != "--help"
                ]
    return out


@pytest.mark.parametrize(("command", "word"), everything_typed())
def test_every_command_and_option_is_documented(command: str, word: str) -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(command)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"docs/commands.md has no section '## {command}'"
    assert word == command or f"`{word}" in section[1], f"{command} {word} is not documented"


@pytest.mark.parametrize("family", load_catalogue())
def test_every_family_is_documented(family: str) -> None:
    assert f"`{family}`" in (DOCS / "metrics.md").read_text(encoding="utf-8")


def shipped_rules() -> list[str]:
    names: list[str] = []
    for path in sorted((ROOT / "config/rules").glob("*.yaml")):
        names += re.findall(
            r"^\s*-? ?(?:rule|name|alert): (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    return names


def test_there_are_shipped_rules() -> None:
    assert {"DeviceUnreachable", "InterfaceDown"} <= set(shipped_rules())


@pytest.mark.parametrize("rule", shipped_rules())
def test_every_rule_is_documented(rule: str) -> None:
    assert rule in (DOCS / "alerts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, (
            f"docs/README.md does not link {page.name}"
        )


def test_example_configuration_is_yaml() -> None:
    for path in (ROOT / "config").rglob("*.yaml"):
        yaml.safe_load(path.read_text(encoding="utf-8"))
