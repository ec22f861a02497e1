"""Recordings answer like the device they were taken from, however odd the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.errors import WireDecodeError, WireTimeout
from netwatch.model import EntityId, Target
from netwatch.wire import RecordedSnmpWire, Recording
from netwatch.wire.opaque import opaque

TARGET = Target(EntityId("d"), "odd", ("192.0.2.1",))


def write(directory: Path, text: bytes, name: str = "odd") -> Path:
    path = directory / f"{name}.snmprec"
    path.write_bytes(text)
    return path


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"1.2|2|-7", -7),
        (b"1.2|65|4294967295", 4294967295),
        (b"1.2|70|18446744073709551615", 18446744073709551615),
        (b"1.2|2|12.0", 12),
        (b"1.2|4|a|b", b"a|b"),
        (b"1.2|4|caf\xc3\xa9", b"caf\xc3\xa9"),
        (b"1.2|4x|00Ff", b"\x00\xff"),
        (b"1.2|4x|0x00ff", b"\x00\xff"),
        (b"1.2|4x|f", b"\x0f"),
        (b"1.2|4e|\\x07\\xe4\\t\\\\(\\d#", b"\x07\xe4\t\\(d#"),
        (b"1.2|5|", None),
        (b"1.2|6|.1.3.6", "1.3.6"),
        (b"1.2|64|10.0.0.1", "10.0.0.1"),
        (b"1.2|64x|0afa000a", "10.250.0.10"),
        (b"1.2|68|Float: 0.080000", 0.08),
        (b"1.2|68x|9f78043f800000", 1.0),
        (b"1.2|68x|0900", 0.0),
        (b"1.2|68x|09050339452b30", 9.0),
        (b"1.2|67:numeric|5", 5),
        (b"1.2|4x:writecache|41", b"A"),
        (b".1.2|2|1\r", 1),
    ],
)
def test_reads_a_value_as_its_type(tmp_path: Path, line: bytes, value: object) -> None:
    recording = Recording.load(write(tmp_path, line + b"\n"))
    assert dict(recording.values) == {"1.2": value}
    assert type(recording.values["1.2"]) is type(value)
    assert recording.problems == ()


def test_sorts_and_keeps_the_first_of_duplicates(tmp_path: Path) -> None:
    recording = Recording.load(write(tmp_path, b"1.10|2|3\n1.2|2|1\n1.9.1|2|2\n1.2|2|99\n"))
    assert list(recording.values.items()) == [("1.2", 1), ("1.9.1", 2), ("1.10", 3)]


@pytest.mark.parametrize("line", [b"1.<IPADDR>.2|2|1", b"1.2|2|", b"1.2|999|1", b"1.2|4x|zz", b"garbage"])
def test_names_the_line_that_it_can_not_read(tmp_path: Path, line: bytes) -> None:
    recording = Recording.load(write(tmp_path, b"1.1|2|1\n" + line + b"\n1.3|2|3\n"))
    assert dict(recording.values) == {"1.1": 1, "1.3": 3}
    assert len(recording.problems) == 1
    assert recording.problems[0].startswith("line 2")


def test_a_subtree_ends_where_the_next_arc_begins(tmp_path: Path) -> None:
    recording = Recording.load(write(tmp_path, b"1.2|2|0\n1.2.1|2|1\n1.2.10|2|2\n1.20|2|3\n1.3|2|4\n"))
    assert list(recording.subtree("1.2")) == ["1.2", "1.2.1", "1.2.10"]
    assert list(recording.subtree("1.2", 2)) == ["1.2", "1.2.1"]
    assert recording.subtree("1.4") == {}
    assert recording.following("1.2") == "1.2.1"
    assert recording.following("1.2.11") == "1.3"
    assert recording.following("1.20") is None
    assert recording.has("1.20")
    assert not recording.has("1.2.2")


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=5), max_size=40),
    st.lists(st.integers(0, 4), min_size=1, max_size=3),
)
def test_a_subtree_is_what_a_search_finds(oids: list[list[int]], root: list[int]) -> None:
    keys = sorted({tuple(oid) for oid in oids})
    recording = Recording("x", {".".join(map(str, key)): 1 for key in keys})
    expected = [".".join(map(str, key)) for key in keys if list(key[: len(root)]) == root]
    assert list(recording.subtree(".".join(map(str, root)))) == expected


async def test_contexts_come_from_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path, b"1.2|2|20\n", "odd@20")
    wire = RecordedSnmpWire({"odd": Recording.load(write(tmp_path, b"1.2|2|1\n"))})
    assert await wire.session(TARGET).get(["1.2", "1.3"]) == {"1.2": 1}
    assert await wire.session(TARGET, context="20").walk("1") == {"1.2": 20}
    with pytest.raises(WireTimeout, match="context 30"):
        wire.session(TARGET, context="30")


async def test_finds_a_recording_by_address(tmp_path: Path) -> None:
    wire = RecordedSnmpWire({"192.0.2.1": Recording("x", {"1.2": b"x"})})
    session = wire.session(TARGET)
    assert await session.walk("1.2") == {"1.2": b"x"}
    await session.close()


def test_a_missing_file_is_a_wire_error(tmp_path: Path) -> None:
    with pytest.raises(WireDecodeError, match="can't be read"):
        Recording.load(tmp_path / "absent.snmprec")


def test_opaque_without_a_number_stays_bytes() -> None:
    assert opaque(b"\x9f\x78\x04\x00") == b"\x9f\x78\x04\x00"
    assert opaque(b"\x09\x01\x80") == b"\x09\x01\x80"
    assert opaque(b"\x09\x02\x03x") == b"\x09\x02\x03x"
    assert opaque(b"\x9f\x79\x08\x3f\xf0\x00\x00\x00\x00\x00\x00") == 1.0
    assert opaque(b"") == b""
