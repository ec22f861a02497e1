"""JSON over HTTP from a server in this process; secrets stay out of every message."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from netwatch.errors import WireAuthError, WireDecodeError, WireError, WireRefused, WireTimeout
from netwatch.model import EntityId, HttpAccess, Secret, Target
from netwatch.wire import AiohttpJson, RecordedHttpJson

PASSWORD, TOKEN = "planted-http-password", "planted-http-token"


REQUESTS = web.AppKey("requests", list)


@dataclass
class Api:
    base: str
    requests: list[web.Request]

    def target(self, **access: Any) -> Target:
        return Target(EntityId("bmc"), "bmc", ("127.0.0.1",), http=HttpAccess(self.base, **access))


async def handle(request: web.Request) -> web.StreamResponse:
    request.app[REQUESTS].append(request)
    match request.path:
        case "/redfish/v1/Chassis":
            return web.json_response({"Members": [{"Power": 12}], "query": dict(request.query)})
        case "/large":
            return web.json_response(["x" * 1000] * 200)
        case "/huge":
            return web.Response(body=b"[" + b" " * 300_000 + b"]")
        case "/text":
            return web.Response(text="<html>" + PASSWORD)
        case "/away":
            raise web.HTTPFound("http://192.0.2.1/")
        case "/secret":
            known = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
            return web.json_response({}, status=200 if request.headers.get("Authorization") == known else 401)
        case "/slow":
            await asyncio.sleep(5)
    return web.Response(status=404)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    app = web.Application()
    requests: list[web.Request] = []
    app[REQUESTS] = requests
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        yield Api(str(server.make_url("")).rstrip("/"), requests)


@pytest.fixture
async def http() -> AsyncIterator[AiohttpJson]:
    http = AiohttpJson(max_bytes=250_000)
    yield http
    await http.close()


async def test_reads_a_document(api: Api, http: AiohttpJson) -> None:
    document = await http.get(api.target(), "/redfish/v1/Chassis?$top=5")
    assert document == {"Members": [{"Power": 12}], "query": {"$top": "5"}}
    assert len(await http.get(api.target(), "/large")) == 200


async def test_credentials_go_as_basic_bearer_or_where_the_profile_says(api: Api, http: AiohttpJson) -> None:
    assert await http.get(api.target(user="admin", password=Secret(PASSWORD)), "/secret") == {}
    await http.get(api.target(token=Secret(TOKEN)), "/large")
    assert api.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    await http.get(api.target(token=Secret(TOKEN)), "/large", {"X-API-Key": "{token}"})
    assert api.requests[-1].headers["X-API-Key"] == TOKEN
    assert "Authorization" not in api.requests[-1].headers


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("/secret", WireAuthError, "refused"),
        ("/missing", WireDecodeError, "HTTP 404"),
        ("/text", WireDecodeError, "not JSON"),
        ("/huge", WireDecodeError, "more than 250000 bytes"),
        ("/away", WireDecodeError, "HTTP 302"),
        ("/slow", WireTimeout, "no answer within 0.3 s"),
    ],
)
async def test_what_goes_wrong_is_named_without_secrets(
    api: Api, http: AiohttpJson, path: str, kind: type[WireError], reason: str
) -> None:
    target = api.target(user="wrong", password=Secret(PASSWORD + "x"), timeout=0.3)
    with pytest.raises(kind, match=reason) as failure:
        await http.get(target, path)
    assert "planted" not in f"{failure.value!r} {failure.value.__cause__!r} {target!r}"
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


async def test_nobody_listens(http: AiohttpJson) -> None:
    target = Target(EntityId("x"), "x", ("127.0.0.1",), http=HttpAccess("http://127.0.0.1:1"))
    with pytest.raises(WireRefused):
        await http.get(target, "/")
    with pytest.raises(WireError, match="no HTTP access"):
        await http.get(Target(EntityId("x"), "x", ("127.0.0.1",)), "/")


@pytest.mark.parametrize("base", ["ftp://127.0.0.1", "127.0.0.1/x", "", "http://[::1", "http://h:99999"])
async def test_a_base_that_is_no_web_address(http: AiohttpJson, base: str) -> None:
    with pytest.raises(WireDecodeError, match="base_url"):
        await http.get(Target(EntityId("x"), "x", (), http=HttpAccess(base)), "/")


def certificate(directory: Path) -> None:
    """A self-signed one: `cert` and `key` in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(tz=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (directory / "cert").write_bytes(signed.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "key").write_bytes(private)


async def test_certificates_are_verified_unless_told_otherwise(tmp_path: Path, http: AiohttpJson) -> None:
    certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{tmp_path}/cert", f"{tmp_path}/key")
    app = web.Application()
    app[REQUESTS] = []
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    try:
        api = Api(str(server.make_url("")).rstrip("/"), [])
        with pytest.raises(WireAuthError, match="certificate not trusted"):
            await http.get(api.target(), "/large")
        assert len(await http.get(api.target(verify=False), "/large")) == 200
    finally:
        await server.close()


async def test_recorded_documents_answer_by_path(tmp_path: Path) -> None:
    (tmp_path / "bmc" / "redfish" / "v1").mkdir(parents=True)
    (tmp_path / "bmc" / "redfish" / "v1" / "Chassis.json").write_text('{"a": 1}')
    recorded = RecordedHttpJson.load(tmp_path)
    target = Target(EntityId("bmc"), "bmc", ("192.0.2.1",))
    assert await recorded.get(target, "/redfish/v1/Chassis/") == {"a": 1}
    with pytest.raises(WireDecodeError, match="404"):
        await recorded.get(target, "/other")
    (tmp_path / "bmc" / "bad.json").write_text("{")
    with pytest.raises(WireDecodeError, match="not JSON"):
        RecordedHttpJson.load(tmp_path)
