"""Recordings of real devices served over SNMP: one address each, through the same agent as the district.

The format is that of snmpsim: `OID|type|value` per line; type suffix `x` hexadecimal, `e` Python escapes.
A file `NAME@VLAN.snmprec` is what NAME answers to `community@VLAN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from netwatch.errors import ConfigError
from netwatch.model import Clock, SystemClock
from netwatch.simulate import ber
from netwatch.simulate.agent import Agent
from netwatch.simulate.udp import LoopbackSocket
from netwatch.simulate.view import MibView, Value

__all__ = ["RecordingServer", "read_recording"]

_TAGS = {
    "2": ber.INTEGER,
    "4": ber.OCTET_STRING,
    "6": ber.OID,
    "64": ber.IP_ADDRESS,
    "65": ber.COUNTER32,
    "66": ber.GAUGE32,
    "67": ber.TIME_TICKS,
    "68": ber.OPAQUE,
    "70": ber.COUNTER64,
}
_NUMBERS = {"2", "65", "66", "67", "70"}


@dataclass(slots=True)
class _Recorded:
    name: str
    address: str
    agent: Agent


class RecordingServer:
    """Serves every `*.snmprec` of a folder at 127.11.0.1 and on; the echo port answers for them too."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 1161,
        echo_port: int = 10007,
        community: str = "public",
        clock: Clock | None = None,
        network: str = "127.11",
    ) -> None:
        """`network`: the first two numbers of the addresses. Raises ConfigError where nothing is recorded."""
        self._clock = clock or SystemClock()
        self._started = self._clock.now().mono
        paths = sorted(directory.glob("*.snmprec"))
        names = {path.name.removesuffix(".snmprec"): path for path in paths}
        bases = [name for name in names if name.partition("@")[0] == name]
        if not bases:
            raise ConfigError(f"{directory} holds no *.snmprec")
        self._recorded: dict[str, _Recorded] = {}
        for number, name in enumerate(bases, 1):
            views = {community.encode(): _Lazy(names[name])}
            for other, path in names.items():
                base, _, vlan = other.partition("@")
                if base == name and vlan:
                    views[f"{community}@{vlan}".encode()] = _Lazy(path)
            address = f"{network}.{number // 250}.{number % 250 + 1}"
            agent = Agent(view=views[community.encode()], communities=dict(views))
            self._recorded[address] = _Recorded(name, address, agent)
        self._snmp = LoopbackSocket(self._answer, port, tuple(self._recorded))
        self._echo = LoopbackSocket(partial(_reflect, self._recorded), echo_port, tuple(self._recorded))

    @property
    def port(self) -> int:
        return self._snmp.port

    @property
    def echo_port(self) -> int:
        return self._echo.port

    @property
    def addresses(self) -> dict[str, str]:
        """Address by recording."""
        return {one.name: one.address for one in self._recorded.values()}

    async def start(self) -> None:
        """Raises OSError where a port is taken."""
        await self._snmp.start()
        try:
            await self._echo.start()
        except OSError:
            self._snmp.close()
            raise

    async def close(self) -> None:
        self._snmp.close()
        self._echo.close()

    def _answer(self, data: bytes, asked: str) -> tuple[bytes, float] | None:
        recorded = self._recorded.get(asked)
        if recorded is None:
            return None
        reply = recorded.agent.respond(data, self._clock.now().mono - self._started)
        return None if reply is None else (reply, 0.0)


def _reflect(recorded: dict[str, _Recorded], data: bytes, asked: str) -> tuple[bytes, float] | None:
    return (data, 0.0) if asked in recorded else None


class _Lazy:
    """A recording that is read when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._view: MibView | None = None

    def __call__(self) -> MibView:
        if self._view is None:
            self._view = MibView(read_recording(self._path))
        return self._view


def read_recording(path: Path) -> list[tuple[tuple[int, ...], int, Value]]:
    """Objects of a recording in the order of the file. Lines that no agent could send are left out.

    NULL values are left out too: no agent answers GETNEXT with one.
    """
    out: list[tuple[tuple[int, ...], int, Value]] = []
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for line in lines:
            parts = line.rstrip("\r\n").split("|", 2)
            if len(parts) != 3:
                continue
            kind = parts[1].partition(":")[0]
            base = kind.rstrip("xe")
            try:
                value = _decode(base, kind[len(base) :], parts[2])
                if base in _TAGS and value is not None:
                    out.append((ber.parse_oid(parts[0]), _TAGS[base], value))
            except ValueError:
                continue
    return out


def _decode(base: str, form: str, text: str) -> Value:
    if base in _NUMBERS:
        return int(text) if text.lstrip("-").isdigit() else int(float(text))
    if form == "x":
        raw = bytes.fromhex(text if len(text) % 2 == 0 else f"0{text}")
    elif form == "e":
        raw = text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1", "replace")
    else:
        raw = text.encode("utf-8", "surrogateescape")
    if base == "64":
        address = ".".join(map(str, raw)) if form and len(raw) == 4 else text
        if len(address.split(".")) != 4:
            raise ValueError("no IPv4 address")
        return address
    if base == "6":
        ber.parse_oid(text)
        return text.lstrip(".")
    return raw
