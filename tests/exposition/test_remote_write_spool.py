"""What was put in comes out, once, in order, whoever was killed in between; bounds hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.errors import StoreError
from netwatch.exposition.remote_write import Request, Spool

PLENTY = 100_000_000


def request(number: int, size: int = 20) -> Request:
    return Request(f"{number:08d}".encode() * (size // 8 + 1), number % 7 + 1, 1_800_000_000_000 + number)


def killed(spool: Spool) -> None:
    """All that a kill does to it: files are closed as they are."""
    spool._close_writer()
    spool._close_reader()


def drain(spool: Spool) -> list[Request]:
    out = []
    while (found := spool.peek()) is not None:
        out.append(found)
        spool.done(found)
    return out


STEPS = st.lists(st.sampled_from(["put", "put", "take", "look", "killed", "closed"]), max_size=60)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.sampled_from([20, 30_000]))
def test_it_is_a_queue_that_outlives_its_process(steps, size):
    with TemporaryDirectory() as name:
        folder, number = Path(name) / "spool", 0
        spool, model = Spool(folder, PLENTY), []
        spool._segment_size = 100_000  # several segments
        for step in steps:
            if step == "put":
                assert spool.put(request(number, size)) == 0
                model.append(request(number, size))
                number += 1
            elif step == "take" and model:
                found = spool.peek()
                assert found == model.pop(0)
                spool.done(found)
            elif step == "look":
                assert spool.peek() == (model[0] if model else None)
            elif step in ("killed", "closed"):
                if step == "closed":
                    spool.close()
                    assert bool(model) is bool(list(folder.glob("*.spool")))
                killed(spool)
                spool = Spool(folder, PLENTY)
                assert spool.torn == 0
            assert spool.samples == sum(one.samples for one in model)
        assert drain(spool) == model
        spool.close()


@given(st.integers(1, 60))
def test_a_torn_end_is_left_out_and_what_follows_is_not(cut):
    with TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, PLENTY)
        for number in range(3):
            spool.put(request(number))
        killed(spool)
        (file,) = folder.glob("*.spool")
        data = file.read_bytes()
        whole = len(data) // 3
        file.write_bytes(data[: -min(cut, whole - 10)])
        again = Spool(folder, PLENTY)
        assert again.torn <= 1
        again.put(request(9))
        found = drain(again)
        again.close()
        assert found[-1] == request(9)
        assert found[:-1] in ([request(0), request(1)], [request(0)])


def test_damage_in_the_middle_costs_the_rest_of_its_segment_and_is_counted(tmp_path):
    spool = Spool(tmp_path, PLENTY)
    for number in range(3):
        spool.put(request(number))
    (file,) = tmp_path.glob("*.spool")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert drain(spool) == [request(0)]
    spool.close()
    assert spool.damaged == request(1).samples + request(2).samples
    assert spool.samples == 0


def test_the_oldest_are_dropped_when_the_limit_is_reached(tmp_path):
    spool = Spool(tmp_path, 1_000_000)
    put = [request(number, 20_000) for number in range(100)]
    dropped = sum(spool.put(one) for one in put)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.spool")) == spool.size <= 1_000_000
    kept = drain(spool)
    spool.close()
    assert 30 < len(kept) < 60
    assert kept == put[-len(kept) :]
    assert dropped == sum(one.samples for one in put[: -len(kept)])


def test_dealing_with_one_that_was_dropped_changes_nothing(tmp_path):
    spool = Spool(tmp_path, 200_000)
    spool.put(request(0, 60_000))
    first = spool.peek()
    for number in range(1, 8):
        spool.put(request(number, 60_000))
    after = spool.peek()
    spool.done(first)
    assert spool.peek() == after != first
    spool.close()


def test_a_newer_version_is_refused_with_the_file(tmp_path):
    spool = Spool(tmp_path, PLENTY)
    spool.put(request(1))
    spool.close()
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(b"NWRW\x02\x00" + file.read_bytes()[6:])
    with pytest.raises(StoreError, match=f"{file.name} was written by a newer netwatch"):
        Spool(tmp_path, PLENTY)


def test_a_folder_that_cannot_be_had_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"spool .*file"):
        Spool(tmp_path / "file", PLENTY)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_remote_write_spool import PLENTY, request
from netwatch.exposition.remote_write import Spool
spool, number = Spool(Path(sys.argv[1]), PLENTY), 0
while True:
    spool.put(request(number, 3000))
    print(number, flush=True)
    number += 1
"""


def test_nothing_is_lost_when_the_process_is_killed(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 300:
                break
        process.kill()
        last = int([line, *process.stdout.read().split()][-1])
    found = drain(Spool(tmp_path, PLENTY))
    assert len(found) in (last + 1, last + 2)  # killed between writing and saying so
    assert found == [request(number, 3000) for number in range(len(found))]
