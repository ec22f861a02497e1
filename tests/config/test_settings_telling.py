"""Settings of who is told: names that name nothing, levels that contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.config import load_settings
from netwatch.errors import ConfigError

HEAD = """
district: {slug: maple}
state_dir: var
alerts:
  webhook: [{name: chat, url: "http://127.0.0.1/"}]
  people: {ana: {channels: chat}}
  audiences: {first: {people: ana}}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  tell: frist", r"alerts.tell\[0\]: unknown audience 'frist' \(did you mean 'first'"),
        ("  escalation: [{after: 5m, audience: x}]", r"escalation\[0\].audience: unknown audience 'x'"),
        ("  escalation: [{after: 0s, audience: first}]", "greater than 0"),
        ("  life_safety: {audiences: [x]}", r"life_safety.audiences\[0\]: unknown audience"),
        ("  links: {channels: [chta]}", r"links.channels\[0\]: unknown channel 'chta' \(did you mean 'chat'"),
        ("  on_call: {net: {people: bob, begins: 2026-08-31}}", r"net.people\[0\]: unknown person 'bob'"),
        ("  on_call: {net: {people: [], begins: 2026-08-31}}", "expected at least one"),
        ("  on_call: {net: {people: ana, begins: 2026-08-31, turn: 36h}}", "expected whole days"),
        ("  on_call: {net: {people: ana, begins: soon}}", "expected a date"),
        (
            "  on_call: {net: {people: ana, begins: 2026-08-31, swaps: "
            "[{person: bob, starts: 2026-09-01, ends: 2026-09-02}]}}",
            r"swaps\[0\].person: unknown person 'bob'",
        ),
        ("  quiet_hours: {hours: 21:00}", "expected hours"),
        ("  morning: 6:30", "expected a time of day"),
        ("  urgency: {R: later}", "expected 'now', 'morning' or 'digest'"),
        ("  damping: {reuse: 3000}", "reuse has to be below suppress"),
        ("  damping: {half_life: 1h, longest: 10m}", "nothing would ever be damped"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "netwatch.yaml"
    file.write_text(HEAD + text + "\n")
    with pytest.raises(ConfigError, match=message):
        load_settings(file, {})


@pytest.mark.parametrize(
    ("audience", "message"),
    [
        ("{}", "it reaches nobody"),
        ("{channels: x}", r"audiences.more.channels\[0\]: unknown channel 'x'"),
        ("{people: x}", r"audiences.more.people\[0\]: unknown person 'x'"),
        ("{on_call: x}", "audiences.more.on_call: unknown rota 'x'"),
    ],
)
def test_an_audience_reaches_somebody(tmp_path: Path, audience: str, message: str) -> None:
    file = tmp_path / "netwatch.yaml"
    file.write_text(HEAD.replace("first: {people: ana}", f"first: {{people: ana}}, more: {audience}"))
    with pytest.raises(ConfigError, match=message):
        load_settings(file, {})


def test_a_key_of_links_is_long_and_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "netwatch.yaml"
    file.write_text(HEAD + "  links: {channels: chat, key: {env: KEY}}\n")
    with pytest.raises(ConfigError, match="key is too short") as caught:
        load_settings(file, {"KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)
    settings = load_settings(file, {"KEY": "hunter2" * 3})
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
