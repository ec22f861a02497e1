"""MQTT against a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess

import aiomqtt
import pytest

from netwatch.errors import DeliveryError
from netwatch.model import Secret
from netwatch.notify import MqttChannel, MqttSettings

pytestmark = pytest.mark.server("mosquitto")


class Broker:
    def __init__(self, folder, port: int, program) -> None:
        self.folder, self.port, self.program = folder, port, program
        self.password_file = folder / "users"
        subprocess.run(
            [program("mosquitto_passwd"), "-b", "-c", self.password_file, "nw", "hunter2"],
            check=True,
            capture_output=True,
        )
        self.password_file.chmod(0o644)
        (folder / "mosquitto.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {self.password_file}\n"
            f"persistence false\nuser root\n"
        )

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            self.program("mosquitto"),
            "-c",
            str(self.folder / "mosquitto.conf"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)
        raise AssertionError("mosquitto did not start")

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()

    def client(self) -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", self.port, username="nw", password="hunter2", timeout=5)


@pytest.fixture
async def broker(tmp_path, free_port, program):
    broker = Broker(tmp_path, free_port, program)
    await broker.start()
    yield broker
    await broker.stop()


def channel(port: int, **more) -> MqttChannel:
    values = {"name": "mqtt", "host": "127.0.0.1", "port": port, "user": "nw", "timeout": 5.0}
    values |= {"password": Secret("hunter2"), "topic": "maple"}
    return MqttChannel(MqttSettings(**(values | more)))


async def retained(broker: Broker) -> dict[str, dict]:
    """What a newcomer is told of active alerts."""
    found: dict[str, dict] = {}
    async with broker.client() as client:
        await client.subscribe("maple/alerts/#", qos=1)
        await client.subscribe("end-of-list", qos=1)
        await client.publish("end-of-list", b"x", qos=1)
        async for message in client.messages:
            if str(message.topic) == "end-of-list":
                return found
            found[str(message.topic)] = json.loads(message.payload)
    return found


async def test_events_pass_and_state_stays_until_the_end(broker, make_alert) -> None:
    async with broker.client() as listener:
        await listener.subscribe("maple/events", qos=1)
        sender = channel(broker.port)
        await sender.deliver([make_alert("a"), make_alert("b")])
        assert set(await retained(broker)) == {"maple/alerts/a", "maple/alerts/b"}
        assert (await retained(broker))["maple/alerts/a"]["summary"] == "core-a at Lincoln ES does not answer"
        await sender.deliver([make_alert("a", state="resolved")])
        assert set(await retained(broker)) == {"maple/alerts/b"}
        keys = []
        async for message in listener.messages:
            keys.append(json.loads(message.payload)["key"])
            assert not message.retain
            if len(keys) == 3:
                break
        assert keys == ["a:firing", "b:firing", "a:resolved"]


async def test_a_broker_that_comes_back_is_used_again(broker, make_alert) -> None:
    sender = channel(broker.port)
    await sender.deliver([make_alert("a")])
    await broker.stop()
    with pytest.raises(DeliveryError):
        await sender.deliver([make_alert("b")])
    await broker.start()
    await sender.deliver([make_alert("b")])
    assert set(await retained(broker)) == {"maple/alerts/b"}


async def test_a_wrong_password_is_told_without_showing_it(broker, make_alert) -> None:
    with pytest.raises(DeliveryError) as caught:
        await channel(broker.port, password=Secret("s3same")).deliver([make_alert()])
    assert "s3same" not in str(caught.value)
