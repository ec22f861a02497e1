"""The compiled profiles of the last run: the same as compiled anew, and never those of others."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netwatch.model import Catalogue, load_catalogue
from netwatch.profiles import ProfileCache, ProfileSet, load_profiles, profile_cache
from netwatch.profiles.keeping.cache import MAGIC, code_of
from netwatch.profiles.keeping.codec import decoder, encode
from netwatch.profiles.keeping.later import Later
from netwatch.profiles.ready.profile import Level
from netwatch.resources import collectors_dir

PROFILE = """
profile: standard
include: []
match: [{sys_object_id: 1.3.6.1.4.1.99999, values: {1.3.6.1.2.1.1.5.0: x}}]
identity: {model: "first(a, b)"}
scalars: {a: 1.3.6.1.2.1.1.1.0, b: 1.3.6.1.2.1.1.5.0}
enums: {speeds: {1: slow, fast: quick}}
tables:
  fans:
    oid: 1.3.6.1.4.1.99999.1.1
    columns: {name: 2, status: 3}
    let: {label: "enum(status, speeds)"}
    states:
      - {name: "{name} {{x}}", value: status, map: {1: ok fine, "2": critical failed}}
"""


class Kept:
    """A folder of profiles, and its cache."""

    def __init__(self, folder: Path) -> None:
        self.own = folder / "own"
        self.own.mkdir()
        self.cache = ProfileCache(folder / "cache")
        self.write("standard", PROFILE)

    def write(self, name: str, text: str) -> None:
        (self.own / f"{name}.yaml").write_text(text)

    def load(self, catalogue: Catalogue | None = None) -> ProfileSet:
        return load_profiles([self.own], catalogue or load_catalogue(), cache=self.cache)

    @property
    def file(self) -> Path:
        (found,) = self.cache.folder.glob("*.json")
        return found

    @property
    def is_read(self) -> bool:
        return self.load().told.startswith("read from")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_all_shipped_profiles_come_back_as_they_were(tmp_path: Path) -> None:
    catalogue, cache = load_catalogue(), ProfileCache(tmp_path / "cache")
    compiled = load_profiles([collectors_dir()], catalogue, cache=cache)
    stored = load_profiles([collectors_dir()], catalogue, cache=cache)
    assert stored.told.startswith("read from")
    assert list(stored.profiles) == list(compiled.profiles)
    same = set()  # profiles share their tables
    for name, profile in compiled.profiles.items():
        other = stored.profiles[name]
        assert encode(replace(other, tables={})) == encode(replace(profile, tables={}))
        assert list(other.tables) == list(profile.tables)
        for table, mine in profile.tables.items():
            if (id(mine), id(other.tables[table])) not in same:
                assert encode(other.tables[table]) == encode(mine)
                same.add((id(mine), id(other.tables[table])))
    assert (
        stored.recognised
        == compiled.recognised
        == tuple(profile.recognised for profile in stored.profiles.values())
    )
    assert (stored.vendors, stored.digest) == (compiled.vendors, compiled.digest)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_finds_what_this_one_kept(seed: str, kept: Kept) -> None:
    """The order of a set is another one in each process."""
    kept.load()
    script = (
        "import sys; from pathlib import Path; from netwatch.model import load_catalogue;"
        "from netwatch.profiles import ProfileCache, load_profiles;"
        "own, cache = map(Path, sys.argv[1:]);"
        "print(load_profiles([own], load_catalogue(), cache=ProfileCache(cache)).told)"
    )
    command = [sys.executable, "-c", script, str(kept.own), str(kept.cache.folder)]
    env = {**os.environ, "PYTHONHASHSEED": seed}
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert told.startswith("read from")


def test_what_profiles_share_is_shared_again(kept: Kept) -> None:
    kept.write("one", "profile: one\n")
    kept.write("two", "profile: two\ninclude: [one]\n")
    kept.load()
    found = kept.load().profiles
    assert found["two"].tables["fans"] is found["standard"].tables["fans"]
    assert found["one"] is found["one"]
    assert "three" not in found
    assert found.get("three") is None


def test_refused_files_stay_refused(kept: Kept) -> None:
    kept.write("bad", "profile: bad\nkind: swich\n")
    first, second = kept.load(), kept.load()
    assert second.told.startswith("read from")
    assert second.problems == first.problems
    assert "bad.yaml:2: kind" in str(second.problems[0])


CHANGES: Mapping[str, Callable[[Path], object]] = {
    "another content": lambda own: (own / "standard.yaml").write_text(PROFILE + "vendor: Acme\n"),
    "of the same size": lambda own: (own / "standard.yaml").write_text(PROFILE.replace("slow", "lazy")),
    "one more": lambda own: (own / "more.yaml").write_text("profile: more\n"),
    "another name": lambda own: (own / "standard.yaml").rename(own / "other.yaml"),
    "one less": lambda own: (own / "standard.yaml").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_files_are_compiled(change: str, kept: Kept) -> None:
    kept.load()
    assert kept.is_read
    before = (kept.own / "standard.yaml").stat()
    CHANGES[change](kept.own)
    if (kept.own / "standard.yaml").exists():  # as `rsync --times` may leave it
        os.utime(kept.own / "standard.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.load().told.startswith("compiled, cache")
    assert kept.is_read, "and kept"


@pytest.mark.parametrize("what", ["__version__", "sys.version", "_code", "catalogue"])
def test_what_another_version_made_is_not_used(
    what: str, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.load()
    catalogue = load_catalogue()
    if what == "catalogue":
        catalogue = {name: family for name, family in catalogue.items() if "fan" not in name}
    else:
        changed = (lambda: "other") if what == "_code" else "other"
        monkeypatch.setattr(f"netwatch.profiles.keeping.cache.{what}", changed)
    assert "made of other files or by another version" in kept.load(catalogue).told


@pytest.mark.parametrize("module", ["loader.py", "rows/evaluate.py"])
def test_code_in_rooms_counts_too(module: str, tmp_path: Path) -> None:
    file = tmp_path / module
    file.parent.mkdir(exist_ok=True)
    file.write_text("LIMIT = 1\n")
    before = code_of(tmp_path)
    file.write_text("LIMIT = 2\n")
    assert code_of(tmp_path) != before


@settings(deadline=None, max_examples=100)
@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(0, 255))
@example(place=0.0, bits=0)
def test_a_damaged_cache_counts_as_none(
    place: float, bits: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Some bits of an octet are others, or the file ends there."""
    kept = Kept(tmp_path_factory.mktemp("damage"))
    kept.load()
    content = bytearray(kept.file.read_bytes())
    at = int(place * len(content))
    if bits:
        content[at] ^= bits
    else:
        del content[at:]
    kept.file.write_bytes(content)
    found = kept.load()
    assert found.told.startswith("compiled, cache")
    assert "fans" in found.profiles["standard"].tables
    assert kept.is_read, "it was written anew"


@pytest.mark.parametrize(
    "rest",
    [b"", b"\n", b"[]\n", b"null\n", b'{"key": 1}\n', b"{" * 50_000 + b"\n", b"\xff\n", b'{"key": []}'],
    ids=["empty", "nothing", "list", "null", "key", "deep", "octets", "no line"],
)
def test_nonsense_with_a_right_checksum_counts_as_none(rest: bytes, kept: Kept) -> None:
    kept.load()
    kept.file.write_bytes(MAGIC + hashlib.sha256(rest).digest() + rest)
    assert kept.load().told.startswith("compiled, cache")
    assert kept.is_read


def test_parts_that_are_not_all_there_count_as_none(kept: Kept) -> None:
    kept.load()
    head, _, rest = kept.file.read_bytes()[len(MAGIC) + 32 :].partition(b"\n")
    header = json.loads(head) | {"parts": []}
    rest = json.dumps(header).encode() + b"\n" + rest
    kept.file.write_bytes(MAGIC + hashlib.sha256(rest).digest() + rest)
    assert "it is damaged" in kept.load().told


def test_nobody_else_may_read_or_write_it(kept: Kept) -> None:
    kept.load()
    assert kept.cache.folder.stat().st_mode & 0o777 == 0o700
    assert kept.file.stat().st_mode & 0o777 == 0o600
    assert not list(kept.cache.folder.glob("*.tmp"))


def link(kept: Kept) -> None:
    kept.file.rename(kept.own / "elsewhere")
    (kept.cache.folder / name_of(kept)).symlink_to(kept.own / "elsewhere")


def pipe(kept: Kept) -> None:
    name = name_of(kept)
    kept.file.unlink()
    os.mkfifo(kept.cache.folder / name)


def name_of(kept: Kept) -> str:
    return f"profiles-{hashlib.sha256(str(kept.own).encode()).hexdigest()[:16]}.json"


FOREIGN: Mapping[str, tuple[Callable[[Kept], object], str]] = {
    "file of the group": (lambda kept: kept.file.chmod(0o660), "others may write"),
    "file of all": (lambda kept: kept.file.chmod(0o602), "others may write"),
    "folder of the group": (lambda kept: kept.cache.folder.chmod(0o770), "others may write"),
    "folder of all": (lambda kept: kept.cache.folder.chmod(0o777), "others may write"),
    "link": (link, "cache"),
    "pipe": (pipe, "something else"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_others_could_have_written_is_not_used(case: str, kept: Kept) -> None:
    kept.load()
    change, reason = FOREIGN[case]
    change(kept)
    found = kept.load()
    assert found.told.startswith("compiled, cache")
    assert reason in found.told
    assert "fans" in found.profiles["standard"].tables
    if case.startswith("folder"):
        assert "not kept in" in found.told


def test_what_belongs_to_another_user_is_not_used(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.load()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    told = kept.load().told
    assert "belongs to another user" in told
    assert "not kept in" in told


@pytest.mark.parametrize("case", ["a file", "below a file", "below null"])
def test_without_a_folder_everything_goes_on(case: str, kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file/x",
        "below null": Path("/dev/null/x"),
    }
    kept.cache = ProfileCache(folder[case])
    for _ in range(2):
        found = kept.load()
        assert "fans" in found.profiles["standard"].tables
        assert "not kept in" in found.told


def test_a_few_lists_of_folders_are_kept(kept: Kept, tmp_path: Path) -> None:
    dead = kept.cache.folder / "profiles-dead.tmp"
    for number in range(12):
        kept.own = tmp_path / f"own{number}"
        kept.own.mkdir()
        kept.write("standard", PROFILE)
        kept.load()
        dead.write_text("half")
        os.utime(dead, (0, 0))
    kept.load()
    kept.write("more", "profile: more\n")
    kept.load()
    assert len(list(kept.cache.folder.glob("*.json"))) == 8
    assert not dead.exists()
    assert kept.is_read


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({}, None),
        ({"HOME": ""}, None),
        ({"HOME": "/home/a"}, "/home/a/.cache/netwatch"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/x"}, "/x/netwatch"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "relative"}, "/home/a/.cache/netwatch"),
        ({"HOME": "/home/a", "CACHE_DIRECTORY": "/var/cache/netwatch:/var/cache/b"}, "/var/cache/netwatch"),
    ],
)
def test_where_it_is(env: Mapping[str, str], folder: str | None) -> None:
    found = profile_cache(env)
    assert (None if found is None else str(found.folder)) == folder


def test_rules_are_made_when_they_are_first_looked_into(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    fresh = kept.load().profiles["standard"].tables["fans"]
    read = kept.load().profiles["standard"].tables["fans"]
    assert isinstance(read.sensors, Later)
    assert encode(read) == encode(fresh)
    assert read.sensors[0].levels == {1: Level("ok", "fine"), "2": Level("critical", "failed")}
    assert read.sensors == tuple(read.sensors)
    assert len(read.sensors) == 1
    assert not read.entities
    again = pickle.loads(pickle.dumps(read))
    assert isinstance(again.sensors, tuple)
    assert encode(again) == encode(fresh)


def test_what_is_made_later_has_to_be_text() -> None:
    with pytest.raises(TypeError, match="made later"):
        decoder(Sequence[Level])([["ok", "fine"]])
