"""The outbox against a model in memory, and against SIGKILL."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from netwatch.store import Store

channels = st.sampled_from(["mail", "pager"])
keys = st.sampled_from(["1:firing", "1:resolved", "2:firing", "3:firing"])


class OutboxMachine(RuleBasedStateMachine):
    """Every call is made on the table and on a list; both must tell the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "netwatch.db")
        self.model: list[dict] = []

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(
        messages=st.lists(st.tuples(channels, keys, st.text("xy", max_size=3)), max_size=4),
        at=st.floats(0, 9),
    )
    def put(self, messages, at) -> None:
        new = 0
        for channel, key, body in messages:
            if not any((row["channel"], row["key"]) == (channel, key) for row in self.model):
                new += 1
                self.model.append(
                    {"channel": channel, "key": key, "body": body, "at": at, "tries": 0, "done": None}
                )
        assert self.store.outbox.put(messages, at) == new

    def _waiting(self, channel: str) -> list[dict]:
        return [row for row in self.model if row["channel"] == channel and row["done"] is None]

    @rule(channel=channels, count=st.integers(1, 3), at=st.floats(10, 19))
    def done(self, channel, count, at) -> None:
        self.store.outbox.done([entry.number for entry in self.store.outbox.waiting(channel, count)], at)
        for row in self._waiting(channel)[:count]:
            row["done"] = at

    @rule(channel=channels, until=st.floats(10, 19))
    def failed(self, channel, until) -> None:
        self.store.outbox.failed(
            [entry.number for entry in self.store.outbox.waiting(channel, 1)], until, "no answer"
        )
        for row in self._waiting(channel)[:1]:
            row["tries"] += 1
            row["at"] = until

    @rule(channel=channels, count=st.integers(0, 2))
    def delete_finished(self, channel, count) -> None:
        finished = self.store.outbox.finished(channel)[:count]
        self.store.outbox.delete([entry.number for entry in finished])
        for entry in finished:
            row = next(row for row in self.model if (row["channel"], row["key"]) == (channel, entry.key))
            assert row["done"] is not None
            self.model.remove(row)

    @rule(channel=channels)
    def discard(self, channel) -> None:
        assert self.store.outbox.discard(channel) == len(self._waiting(channel))
        self.model = [row for row in self.model if row["channel"] != channel or row["done"] is not None]

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(Path(self.folder.name) / "netwatch.db")

    @invariant()
    def same(self) -> None:
        for channel in ("mail", "pager"):
            found = [
                (entry.key, entry.body, entry.attempts, entry.next_attempt)
                for entry in self.store.outbox.waiting(channel)
            ]
            wanted = [(row["key"], row["body"], row["tries"], row["at"]) for row in self._waiting(channel)]
            assert found == wanted
            assert self.store.outbox.depths().get(channel, 0) == len(wanted)


OutboxMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestOutbox = OutboxMachine.TestCase

WRITER = """
import sys
from netwatch.store import Store
with Store(sys.argv[1]) as store:
    number = int(sys.argv[2])
    while True:
        store.outbox.put([("mail", str(number), "a" * 300), ("pager", str(number), "b" * 300)], float(number))
        print(number, flush=True)  # told only after the commit
        number += 1
"""


def test_committed_messages_survive_sigkill(tmp_path) -> None:
    """A child commits and reports; killed at any moment, nothing reported is lost and nothing is halved."""
    path = tmp_path / "netwatch.db"
    rng = random.Random(7)
    first, told = 0, 0
    for _ in range(25):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(rng.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.wait()
        child.stdout.close()
        told = max(int(line) for line in lines if line.endswith("\n"))
        with Store(path) as store:
            mail = [int(entry.key) for entry in store.outbox.waiting("mail", 1_000_000)]
            pager = [int(entry.key) for entry in store.outbox.waiting("pager", 1_000_000)]
        assert mail == pager == list(range(len(mail)))
        assert len(mail) > told
        first = len(mail)
