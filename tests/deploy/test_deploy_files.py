"""Deployment files are what their programs accept, and as closed as they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from netwatch.config import WebSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXTS = sorted(path for path in DEPLOY.rglob("*") if path.is_file())


@pytest.mark.server("promtool")
def test_prometheus_accepts_its_configuration() -> None:
    file = DEPLOY / "prometheus.yml"
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.server("promtool")
def test_the_guarded_variant_is_accepted_too(tmp_path: Path) -> None:
    """What stands behind `#` for TLS and users is good as it is."""
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    opened = re.sub(r"(?m)^    #(     )?( +)?(basic_auth|tls_config)", _indented, text)
    for name in ("netwatch-password", "netwatch-ca.crt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    opened = opened.replace("/etc/prometheus/", f"{tmp_path}/")
    assert opened.count("\n        basic_auth") == opened.count("\n    basic_auth") == 1
    file = tmp_path / "prometheus.yml"
    file.write_text(opened, encoding="utf-8")
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _indented(match: re.Match[str]) -> str:
    return ("        " if match[1] else "    ") + match[3]


def test_prometheus_asks_where_netwatch_listens() -> None:
    listen = WebSettings().listen
    document = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    url = document["scrape_configs"][0]["http_sd_configs"][0]["url"]
    assert url == f"http://localhost:{listen.port}/api/sd"
    assert f":{listen.port}/-/healthy" in (DEPLOY / "Containerfile").read_text(encoding="utf-8")


@pytest.mark.server("systemd-analyze")
def test_unit_is_valid_and_closed(tmp_path: Path) -> None:
    text = (DEPLOY / "netwatch.service").read_text(encoding="utf-8")
    unit = tmp_path / "netwatch.service"
    # The program is not installed on the machine that tests: any other stands in for it.
    program = shutil.which("true")
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={program}", text), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if "netwatch.service" in line]
    assert complaints == []
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=25", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_unit_examples_of_credentials_are_settings_of_systemd() -> None:
    text = (DEPLOY / "netwatch.service").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^#(\w+)=\S+:/etc/netwatch/secrets/\S+$", text)
    assert "Environment=" not in text  # a secret in the environment is seen by every child


def test_container_runs_without_privileges() -> None:
    lines = (DEPLOY / "Containerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1].isdigit()
    assert int(users[-1]) > 0
    assert lines.index(f"USER {users[-1]}") < max(
        number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT")
    )
    assert any("--require-hashes" in line for line in lines)


def test_images_bear_no_registry_host() -> None:
    images = re.findall(r"(?m)^FROM (\S+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    images += [service["image"] for service in compose["services"].values()]
    assert len(images) == 6
    for image in images:
        assert "." not in image.partition("/")[0].partition(":")[0], image


def test_compose_mounts_what_is_there() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    mounts = [volume for service in compose["services"].values() for volume in service.get("volumes", ())]
    named = set(compose["volumes"])
    for mount in mounts:
        source = mount.partition(":")[0]
        assert source in named or (DEPLOY / source).exists(), source
    assert compose["services"]["netwatch"]["cap_drop"] == ["ALL"]
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published == ["3000:3000"]


def test_grafana_finds_source_and_dashboards() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "netwatch.yaml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["type"] == "prometheus"
    boards = yaml.safe_load((provisioning / "dashboards" / "netwatch.yaml").read_text(encoding="utf-8"))
    path = boards["providers"][0]["options"]["path"]
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert f"../dashboards:{path}:ro" in compose


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_secret_and_no_foreign_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    hosts = re.findall(r"https?://([^/:\s\"']+)", text)
    assert {host for host in hosts if not host.endswith(".example")} <= {"localhost", "127.0.0.1"}, path
    assert not re.search(r"(?i)password:\s*[^\s/{#]", text)
