"""Settings that are right, and what comes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netwatch.config import (
    ListenAddress,
    diff_settings,
    expand,
    load_settings,
    starter_config,
    write_starter,
)
from netwatch.errors import ConfigError
from netwatch.model import Secret, SnmpVersion, UsmAuth, UsmPrivacy
from netwatch.resources import config_dir

MINIMAL = "district: {slug: maple}\nstate_dir: var\n"


def load(tmp_path: Path, text: str, env: dict[str, str] | None = None):
    path = tmp_path / "netwatch.yaml"
    path.write_text(text)
    return load_settings(path, env or {})


def test_defaults_and_relative_paths(tmp_path):
    settings = load(tmp_path, MINIMAL)
    assert settings.state_dir == tmp_path / "var"
    assert settings.web.listen == ListenAddress("127.0.0.1", 8600)
    assert settings.polling.interval == 60.0
    assert settings.warnings == ()


def test_an_interval_below_the_default_deadline_is_no_mistake(tmp_path):
    assert load(tmp_path, MINIMAL + "polling: {interval: 10s}\n").polling.interval == 10.0


def test_full_snmpv3(tmp_path):
    text = (
        MINIMAL
        + """
credentials:
  v3:
    snmp:
      version: 3
      user: netwatch
      auth: sha512
      auth_password: {env: AUTH}
      privacy: aes256
      privacy_password: {file: priv}
      context: bridge
      vlan_contexts: true
      timeout: 1500ms
      port: 1161
"""
    )
    (tmp_path / "priv").write_text("privacy-password\r\n")
    (tmp_path / "priv").chmod(0o600)
    settings = load(tmp_path, text, {"AUTH": "authentication"})
    access = settings.credentials["v3"].snmp.access(port=None, timeout=3, retries=5)
    assert access.version is SnmpVersion.V3
    assert (access.auth, access.privacy) == (UsmAuth.SHA512, UsmPrivacy.AES256)
    assert access.auth_password.reveal() == "authentication"
    assert access.privacy_password.reveal() == "privacy-password"
    assert (access.context, access.vlan_contexts) == ("bridge", True)
    assert (access.timeout, access.retries, access.port) == (1.5, 5, 1161)
    assert settings.warnings == ()


@pytest.mark.parametrize("version", ["1", "2c", "'1'", "'2c'"])
def test_versions_of_communities(tmp_path, version):
    text = MINIMAL + f"credentials: {{a: {{snmp: {{version: {version}, community: public}}}}}}\n"
    assert load(tmp_path, text).credentials["a"].snmp.version == version.strip("'")


def test_beyond_loopback_with_tls_and_users(tmp_path):
    (tmp_path / "web.yaml").write_text(
        "tls_server_config: {cert_file: a, key_file: b}\nbasic_auth_users: {admin: $2y$10$abc}\n"
    )
    settings = load(tmp_path, MINIMAL + "web: {listen: ':8600', web_config_file: web.yaml}\n")
    assert settings.web.listen == ListenAddress("", 8600)
    assert settings.web.web_config_file == tmp_path / "web.yaml"


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        (":1", False),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
    ],
)
def test_what_counts_as_loopback(tmp_path, text, loopback):
    traps = load(tmp_path, MINIMAL + f"traps: {{listen: '{text}'}}\n").traps
    assert traps.listen is not None
    assert traps.listen.loopback is loopback
    assert str(traps.listen) == text


def test_credential_files_are_read_beside_their_own_secrets(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets/community").write_text("planted-secret")
    (tmp_path / "sets/community").chmod(0o640)
    (tmp_path / "sets/all.yaml").write_text("credentials: {a: {snmp: {community: {file: community}}}}\n")
    settings = load(tmp_path, MINIMAL + "credential_files: [sets/*.yaml]\n")
    assert settings.credentials["a"].snmp.community == Secret("planted-secret")


def test_a_secret_that_everybody_can_read_is_warned_of(tmp_path):
    (tmp_path / "community").write_text("planted-secret")
    (tmp_path / "community").chmod(0o644)
    settings = load(tmp_path, MINIMAL + "credentials: {a: {snmp: {community: {file: community}}}}\n")
    assert [str(warning) for warning in settings.warnings] == [
        f"{tmp_path}/community: everybody on this machine can read this secret (chmod o-r)"
    ]


def test_secrets_never_show(tmp_path):
    text = (
        MINIMAL
        + """
credentials:
  a:
    snmp: {community: {env: PLANTED}}
    ssh: {user: x, password: {env: PLANTED}}
    http: {token: {env: PLANTED}}
alerts:
  webhook: [{name: chat, url: {env: URL}, headers: {X-Key: {env: PLANTED}}}]
traps: {communities: [{env: PLANTED}]}
"""
    )
    settings = load(
        tmp_path, text, {"PLANTED": "planted-secret", "URL": "https://chat.example.org/planted-secret"}
    )
    assert settings.alerts.webhook[0].url.reveal() == "https://chat.example.org/planted-secret"
    shown = [
        repr(settings),
        str(settings),
        f"{settings}",
        repr(settings.model_dump()),
        str(settings.model_dump()),
    ]
    shown += [
        settings.model_dump_json(),
        repr(settings.credentials["a"].snmp.access(port=1, timeout=1, retries=1)),
    ]
    other = load(
        tmp_path, text, {"PLANTED": "planted-secret-2", "URL": "https://chat.example.org/planted-secret"}
    )
    shown.append(repr(diff_settings(settings, other)))
    for one in shown:
        assert "planted-secret" not in one
    assert "<secret>" in shown[0]


def test_expand_keeps_a_path_without_wildcards_and_names_each_file_once(tmp_path):
    for name in ("b.yaml", "a.yaml"):
        (tmp_path / name).touch()
    found = expand([f"{tmp_path}/b.yaml", f"{tmp_path}/*.yaml", f"{tmp_path}/*.csv", f"{tmp_path}/gone.yaml"])
    assert [path.name for path in found] == ["b.yaml", "a.yaml", "gone.yaml"]


def test_a_difference_names_paths_and_what_needs_a_restart(tmp_path):
    old = load(tmp_path, MINIMAL + "credentials: {a: {snmp: {community: public}}}\n")
    same = load(tmp_path, MINIMAL + "credentials: {a: {snmp: {community: public}}}\n")
    assert not diff_settings(old, same)
    new = load(
        tmp_path,
        "district: {slug: maple, timezone: America/Chicago}\nstate_dir: other\n"
        "web: {listen: 127.0.0.1:9}\npolling: {interval: 5m}\n"
        "credentials: {a: {snmp: {community: {env: C}}}, b: {snmp: {community: public}}}\n",
        {"C": "planted-secret"},
    )
    diff = diff_settings(old, new)
    assert diff.changed == (
        "district.timezone",
        "state_dir",
        "credentials.a.snmp.community",
        "credentials.b",
        "polling.interval",
        "web.listen",
    )
    assert diff.restart == ("state_dir", "web.listen")


def test_the_starter_is_written_once_and_loads_as_is(tmp_path):
    written = write_starter(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == set(starter_config())
    settings = load_settings(tmp_path / "netwatch.yaml", {})
    assert settings.district.slug == "maple-valley"
    assert settings.warnings == ()


def test_init_touches_nothing_where_a_file_is_there_already(tmp_path):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/places.yaml").write_text("mine")
    with pytest.raises(ConfigError) as error:
        write_starter(tmp_path)
    assert [str(problem) for problem in error.value.problems] == [
        f"{tmp_path}/inventory/places.yaml: is there already (name another folder, or move it away)"
    ]
    assert (tmp_path / "inventory/places.yaml").read_text() == "mine"
    assert not (tmp_path / "netwatch.yaml").exists()


def test_the_starter_with_all_that_is_commented_out_is_right_too(tmp_path):
    write_starter(tmp_path)
    path = tmp_path / "netwatch.yaml"
    text, count = re.subn(r"(?m)^( *)# ( *(?:- )?(?:\w+: |[\w-]+:$|- \{))", r"\1\2", path.read_text())
    assert count > 30
    path.write_text(text)
    (tmp_path / "secrets").mkdir()
    for name in ("secrets/snmp-auth", "secrets/snmp-privacy", "controller-token"):
        (tmp_path / name).write_text("planted-secret")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "web.yaml").write_text((config_dir() / "web.yaml").read_text())
    env = {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "SWITCH_PASSWORD": "planted-secret",
        "TRAP_COMMUNITY": "planted-secret",
        "CHAT_WEBHOOK_URL": "https://chat.example.org/planted-secret",
        "MAIL_PASSWORD": "planted-secret",
        "APPRISE_URL": "json://chat.example.org/planted-secret",
        "HEARTBEAT_URL": "https://hc.example.org/planted-secret",
    }
    settings = load_settings(path, env)
    assert set(settings.credentials) == {"snmp-public", "snmp-v3", "switches-ssh", "controller-api"}
    alerts = settings.alerts
    assert all((alerts.rules, alerts.alertmanager, alerts.webhook, alerts.email, alerts.mqtt))
    assert all((alerts.apprise, alerts.sms, alerts.heartbeat))
    assert alerts.second_path() == {"modem"}
    assert settings.history.retention == 5 * 365 * 86400
