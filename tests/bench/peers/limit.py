"""The physical limit: peers/limit.c sends encoded requests and reads the answers, nothing else."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from tests.bench.fleet import program
from tests.bench.workloads import chunks

__all__ = ["limit"]


def limit(oids: tuple[str, ...], folder: Path, port: int, devices: int, seconds: float) -> float:
    """CPU seconds per 1000 polls, answers decoded and OIDs checked."""
    file = folder / "limit.tpl"
    file.write_bytes(_templates(oids))
    command = [str(program("limit")), str(file), str(devices), str(seconds), "256", "1", str(port)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    fields = dict(item.split("=", 1) for item in told.split() if "=" in item)
    assert fields["bad"] == "0", told
    return float(fields["cpu_s/1000polls"])


def _templates(oids: tuple[str, ...]) -> bytes:
    """limit.c's own format: requests, where their request-id stands, and the OIDs of the answer."""
    parts = chunks(oids)
    out = [struct.pack("<I", len(parts))]
    for part in parts:
        names = [_oid(oid) for oid in part]
        varbinds = _tlv(0x30, b"".join(_tlv(0x30, _tlv(6, name) + b"\x05\x00") for name in names))
        pdu = _tlv(0xA0, _REQUEST_ID + b"\x02\x01\x00\x02\x01\x00" + varbinds)
        message = _tlv(0x30, b"\x02\x01\x01" + _tlv(4, b"public") + pdu)
        out.append(struct.pack("<III", len(message), message.index(_REQUEST_ID) + 2, len(names)))
        out += [message, *(bytes([len(name)]) + name for name in names)]
    return b"".join(out)


_REQUEST_ID = b"\x02\x04\x40\x00\x00\x00"


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content


def _oid(text: str) -> bytes:
    arcs = [int(arc) for arc in text.split(".")]
    out = [arcs[0] * 40 + arcs[1]]
    for arc in arcs[2:]:
        octets = [arc & 127]
        while arc := arc >> 7:
            octets.append(arc & 127 | 128)
        out += octets[::-1]
    return bytes(out)
