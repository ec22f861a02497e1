"""The web file, TLS, the addresses it allows, and `netwatch user add`."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import stat
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import typer
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner
from web_client import FixedClock, credentials, providers, users

from netwatch.cli import users as users_command
from netwatch.errors import ConfigError
from netwatch.web import Auth, Role, WebServer, build_app, is_loopback, load_web_file
from netwatch.web.userfile import with_user

FILES = {"cert_file": "x", "key_file": "x"}
HASH = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()


def certificate(folder: Path, name: str = "server", host: str = "localhost") -> tuple[Path, Path]:
    """A self-signed certificate for a host, valid for loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host), loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def web_file(folder: Path, **content: object) -> Path:
    path = folder / "web.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_users_roles_and_relative_paths(tmp_path: Path) -> None:
    certificate(tmp_path)
    path = web_file(
        tmp_path,
        tls_server_config={"cert_file": "server.crt", "key_file": "server.key", "min_version": "TLS13"},
        http_server_config={"http2": True, "headers": {"Strict-Transport-Security": "max-age=300"}},
        basic_auth_users={"anna": HASH, "grafana": HASH},
        roles={"anna": "admin"},
    )
    auth = load_web_file(path)
    assert {name: user.role for name, user in auth.users.items()} == {
        "anna": Role.ADMIN,
        "grafana": Role.VIEW,
    }
    assert auth.tls is not None
    assert auth.tls.context().minimum_version is ssl.TLSVersion.TLSv1_3
    assert auth.headers == {"Strict-Transport-Security": "max-age=300"}
    assert HASH not in repr(auth)
    auth.check_listen("0.0.0.0")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"basic_auth_user": {}}, "did you mean 'basic_auth_users'?"),
        ({"basic_auth_users": {"a": "plain text"}}, "bcrypt hash"),
        ({"basic_auth_users": {"a": HASH.replace("$04$", "$31$")}}, "cost from 4 to 15"),
        ({"basic_auth_users": {"a": HASH}, "roles": {"b": "view"}}, "no user 'b'"),
        ({"basic_auth_users": {"a": HASH}, "roles": {"a": "root"}}, "'view', 'operate' or 'admin'"),
        ({"basic_auth_users": {"a:b": HASH}}, "without a colon"),
        ({"basic_auth_users": {"": HASH}}, "not empty"),
        ({"tls_server_config": {"cert_file": "x.crt"}}, "'key_file' is required"),
        ({"tls_server_config": {"cert_file": "x.crt", "key_file": "x.key"}}, "there is no file x.crt"),
        ({"tls_server_config": {**FILES, "min_version": "TLS10"}}, "RFC 8996"),
        (
            {
                "tls_server_config": {
                    "cert_file": "x",
                    "key_file": "x",
                    "client_auth_type": "RequestClientCert",
                }
            },
            "RequireAndVerifyClientCert",
        ),
        (
            {
                "tls_server_config": {
                    "cert_file": "x",
                    "key_file": "x",
                    "cipher_suites": ["TLS_RSA_WITH_RC4_128_SHA"],
                }
            },
            "weak cipher suite",
        ),
        ({"tls_server_config": {**FILES, "curve_preferences": []}}, "unknown key"),
        ({"http_server_config": {"headers": {"Content-Security-Policy": ""}}}, "unknown key"),
    ],
)
def test_mistakes_name_the_file_and_the_remedy(
    tmp_path: Path, content: dict[str, object], words: str
) -> None:
    path = web_file(tmp_path, **content)
    with pytest.raises(ConfigError) as caught:
        load_web_file(path)
    assert words in str(caught.value)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    assert HASH[10:] not in str(caught.value)
    assert "plain text" not in str(caught.value)


def test_missing_web_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load_web_file(tmp_path / "no.yaml")


def test_key_that_does_not_belong_to_the_certificate(tmp_path: Path) -> None:
    certificate(tmp_path, "server")
    certificate(tmp_path, "other")
    tls = {"cert_file": "server.crt", "key_file": "other.key"}
    auth = load_web_file(web_file(tmp_path, tls_server_config=tls))
    assert auth.tls is not None
    with pytest.raises(ConfigError, match="can't be used with"):
        auth.tls.context()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("LOCALHOST.", True), ("0.0.0.0", False), ("::", False), ("", False), ("10.0.0.1", False),
        ("netwatch.example", False), ("localhost.example", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_loopback_is_judged_strictly(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_open_server_stays_on_loopback() -> None:
    app = build_app(providers(), Auth.open(), clock=FixedClock())
    WebServer(app, [("127.0.0.1", 0), ("::1", 0)], Auth.open())
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(ConfigError, match="no tls_server_config and no basic_auth_users"):
            WebServer(app, [(host, 0)], Auth.open())
    with pytest.raises(ConfigError, match="has no tls_server_config"):
        users().check_listen("0.0.0.0")


async def test_tls_with_users(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    tls = {"cert_file": "server.crt", "key_file": "server.key"}
    hsts = {"headers": {"Strict-Transport-Security": "max-age=300"}}
    path = web_file(tmp_path, tls_server_config=tls, basic_auth_users={"view": HASH}, http_server_config=hsts)
    auth = load_web_file(path)
    server = WebServer(build_app(providers(), auth, clock=FixedClock()), [("127.0.0.1", 0)], auth)
    await server.start()
    try:
        (url,) = server.urls
        assert url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(cert))
        async with aiohttp.ClientSession() as client:
            async with client.get(url, ssl=trusted) as answer:
                assert answer.status == 401
                assert answer.headers["Strict-Transport-Security"] == "max-age=300"
            async with client.get(url, ssl=trusted, headers=credentials("view")) as answer:
                assert answer.status == 200
            async with client.get(f"{url}api/sd", ssl=trusted, headers=credentials("view")) as answer:
                assert {group["labels"]["__scheme__"] for group in await answer.json()} == {"https"}
            old = ssl.create_default_context(cafile=str(cert))
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            async with client.get(url, ssl=old, headers=credentials("view")) as answer:
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientError):
                await client.get(url.replace("https", "http"))
    finally:
        await server.close()


async def test_client_certificates(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    for name in ("good", "stranger"):
        certificate(tmp_path, name, f"{name}.example")
    together = (tmp_path / "good.crt").read_text() + (tmp_path / "stranger.crt").read_text()
    (tmp_path / "clients.crt").write_text(together)
    tls = {
        "cert_file": "server.crt",
        "key_file": "server.key",
        "client_ca_file": "clients.crt",
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_allowed_sans": ["good.example"],
    }
    auth = load_web_file(web_file(tmp_path, tls_server_config=tls, basic_auth_users={"view": HASH}))
    server = WebServer(build_app(providers(), auth, clock=FixedClock()), [("127.0.0.1", 0)], auth)
    await server.start()
    try:
        (url,) = server.urls
        async with aiohttp.ClientSession(headers=credentials("view")) as client:
            for name, status in (("good", 200), ("stranger", 403)):
                context = ssl.create_default_context(cafile=str(cert))
                context.load_cert_chain(tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
                async with client.get(url, ssl=context) as answer:
                    assert answer.status == status, name
            with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
                await client.get(url, ssl=ssl.create_default_context(cafile=str(cert)))
    finally:
        await server.close()


async def test_server_ends_and_says_when_a_port_is_taken() -> None:
    app = build_app(providers(), Auth.open(), clock=FixedClock())
    server = WebServer(app, [("127.0.0.1", 0)], Auth.open())
    await server.start()
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    other = WebServer(
        build_app(providers(), Auth.open(), clock=FixedClock()), [("127.0.0.1", port)], Auth.open()
    )
    with pytest.raises(ConfigError, match=f"can't listen on 127.0.0.1:{port}"):
        await other.start()
    await server.close()
    assert server.urls == ()


async def test_new_web_file_is_taken_over_while_serving() -> None:
    auth = users(Role.VIEW)
    app = build_app(providers(), auth, clock=FixedClock())
    server = WebServer(app, [("127.0.0.1", 0)], auth)
    await server.start()
    try:
        async with aiohttp.ClientSession() as client:

            async def status(role: str) -> int:
                async with client.get(server.urls[0], headers=credentials(role)) as answer:
                    return answer.status

            assert (await status("view"), await status("admin")) == (200, 401)
            server.update(users(Role.ADMIN))
            assert (await status("view"), await status("admin")) == (401, 200)
    finally:
        await server.close()


# --- netwatch user add ---


def _command() -> typer.Typer:
    app = typer.Typer()
    users_command.register(app)
    app.command("other")(lambda: None)
    return app


def test_user_add_makes_and_changes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    run = CliRunner()
    arguments = ["user", "add", "anna", "--role", "operate", "--web-file", str(path)]
    done = run.invoke(_command(), arguments, input="correct horse\n")
    assert done.exit_code == 0, done.output
    assert "added anna" in done.output
    assert "correct horse" not in done.output + path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = load_web_file(path).users["anna"]
    assert before.role is Role.OPERATE
    assert bcrypt.checkpw(b"correct horse", before.password_hash.encode())
    done = run.invoke(_command(), ["user", "add", "anna", "--web-file", str(path)], input="another horse\n")
    assert "changed anna" in done.output
    after = load_web_file(path).users["anna"]
    assert after.role is Role.VIEW
    assert bcrypt.checkpw(b"another horse", after.password_hash.encode())


def test_user_add_works_on_the_example_before_there_are_certificates(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / "config" / "web.yaml").read_text(encoding="utf-8")
    path = tmp_path / "web.yaml"
    path.write_text(example, encoding="utf-8")
    done = CliRunner().invoke(
        _command(), ["user", "add", "anna", "--web-file", str(path)], input="correct horse\n"
    )
    assert done.exit_code == 0, done.output
    assert "tls_server_config" in path.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no file"):
        load_web_file(path)


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("anna", "short", "at least 8 characters"),
        ("anna", "", "at least 8 characters"),
        ("anna", "x" * 73, "at most 72 bytes"),
        ("an:na", "correct horse", "without a colon"),
    ],
)
def test_user_add_refuses(tmp_path: Path, name: str, password: str, words: str) -> None:
    path = tmp_path / "web.yaml"
    done = CliRunner().invoke(
        _command(), ["user", "add", name, "--web-file", str(path)], input=f"{password}\n"
    )
    assert done.exit_code == 2
    assert words in done.output
    assert not path.exists()


def test_user_add_keeps_what_a_person_wrote() -> None:
    text = f"""\
# our web file
basic_auth_users:
    "berta": "{HASH}"   # the librarian
    carl: {HASH}

# who may what
roles:
    berta: admin
"""
    new = with_user(text, "anna", HASH, Role.VIEW)
    assert "# our web file" in new
    assert "# the librarian" in new
    assert "# who may what" in new
    document = yaml.safe_load(new)
    assert set(document["basic_auth_users"]) == {"anna", "berta", "carl"}
    assert document["roles"] == {"berta": "admin", "anna": "view"}


@pytest.mark.parametrize("text", ["", "basic_auth_users: {}\n", "roles:\nbasic_auth_users: {}\n# x\n"])
def test_user_add_fills_empty_sections(text: str) -> None:
    document = yaml.safe_load(with_user(text, "anna", HASH, Role.VIEW))
    assert document == {"basic_auth_users": {"anna": HASH}, "roles": {"anna": "view"}}


def test_user_add_does_not_guess_at_braces() -> None:
    with pytest.raises(ConfigError, match="one user per line"):
        with_user(f"basic_auth_users: {{a: '{HASH}'}}\n", "b", HASH, Role.VIEW)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12),
            st.sampled_from(Role),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_user_add_is_the_last_word_on_every_user(entries: list[tuple[str, Role]]) -> None:
    text = "# start\n"
    for number, (name, role) in enumerate(entries):
        text = with_user(text, name, f"hash {number}", role)
    document = yaml.safe_load(text)
    assert document["roles"] == {name: role.value for name, role in entries}
    last = {name: f"hash {number}" for number, (name, _) in enumerate(entries)}
    assert document["basic_auth_users"] == last
