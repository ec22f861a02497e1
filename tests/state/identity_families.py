"""Device families whose parts are renumbered, restacked, renamed, swapped and migrated, with the truth."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from netwatch.model import ROOT, EntityKey, EntityKind, Fact, Seen, Witness, WitnessKind

Truth = str
"""What a thing really is, whatever it is called."""
Rows = list[tuple[Truth, Seen]]


class Numbers:
    """Numbers that no other thing has."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def __call__(self) -> int:
        return next(self._next)

    def mac(self) -> str:
        number = self()
        return f"00:1a:2b:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def part(
    kind: EntityKind,
    natural: str,
    index: str,
    name: str = "",
    parent: EntityKey = ROOT,
    *,
    facts: dict[str, Fact] | None = None,
    **proofs: str,
) -> Seen:
    witnesses = tuple(Witness(WitnessKind(sort), value) for sort, value in proofs.items() if value)
    return Seen(EntityKey(kind, natural), parent, index, name or natural, facts or {}, witnesses)


@dataclass
class Port:
    truth: Truth
    number: int
    mac: str
    alias: str = ""


def interface(
    port: Port, name: str, descr: str, index: int, sort: str = "ethernetCsmacd", named: bool = True
) -> tuple[Truth, Seen]:
    """A row as collectors/standard/if.yaml maps it; without ifXTable the name is ifDescr."""
    facts: dict[str, Fact] = {
        "name": name,
        "descr": descr,
        "alias": port.alias,
        "type": sort,
        "mac": port.mac,
    }
    for unknown in [
        key for key, fact in facts.items() if fact == "" or (key in ("name", "alias") and not named)
    ]:
        del facts[unknown]
    natural = name if named else descr
    return port.truth, part(EntityKind.INTERFACE, natural, str(index), natural, facts=facts, mac=port.mac)


class Family:
    """One device (or several) of a family. `rows` by source and table; `operations` by name."""

    sources: tuple[str, ...] = ("a",)

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.new = Numbers()

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        raise NotImplementedError

    def operations(self) -> dict[str, Callable[[], None]]:
        raise NotImplementedError

    def ports(self, count: int, shared: str = "", aliases: float = 0.5) -> list[Port]:
        out = []
        for number in range(1, count + 1):
            alias = f"room {self.new()}" if self.dice.random() < aliases else ""
            out.append(Port(f"port {self.new()}", number, shared or self.new.mac(), alias))
        return out


@dataclass
class Member:
    serial: str
    truth: Truth
    ports: list[Port] = field(default_factory=list)


class Stack(Family):
    """Members with ports. Each port has a MAC address of its own, or all have that of the stack."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.shared = self.new.mac() if dice.random() < 0.3 else ""
        self.size = dice.choice([8, 24, 48])
        self.members = {number: self.member() for number in range(1, dice.randint(2, 5))}
        self.prefix, self.long = "Gi", "GigabitEthernet"
        self.base, self.step = 10000, 500
        self.named = True
        self.order = 0

    def member(self) -> Member:
        truth = f"member {self.new()}"
        return Member(f"FDO{self.new():05d}X", truth, self.ports(self.size, self.shared))

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        ports: Rows = []
        parts: Rows = []
        for number, member in sorted(self.members.items()):
            index = str(1000 * number + self.base)
            facts: dict[str, Fact] = {"class": "chassis", "model": "C9300"}
            parts.append(
                (member.truth, part(EntityKind.MODULE, index, index, f"Switch {number}", facts=facts,
                                    serial=member.serial)),
            )  # fmt: skip
            for port in member.ports:
                where = f"{number}/0/{port.number}"
                index_ = self.base + self.step * number + port.number
                ports.append(
                    interface(port, self.prefix + where, self.long + where, index_, named=self.named)
                )
        if self.order:
            random.Random(self.order).shuffle(ports)
        yield "a", "interfaces", ports
        yield "a", "physical", parts

    def operations(self) -> dict[str, Callable[[], None]]:
        found = {
            "renumber": self.renumber,
            "shuffle": self.shuffle,
            "swap member": self.swap,
            "rename": self.rename,
            "aliases": self.edit,
            "without ifXTable": self.hide_names,
        }
        if not self.shared:
            found |= {"restack": self.restack, "rename and renumber": self.rename_and_renumber}
        return found

    def renumber(self) -> None:
        self.base, self.step = self.dice.randrange(1, 90000), self.dice.choice([64, 100, 500, 1000])

    def shuffle(self) -> None:
        self.order = self.new()

    def swap(self) -> None:
        """Another switch takes over; what is plugged in stays, and so does the place of the part."""
        member = self.dice.choice(list(self.members.values()))
        member.serial = f"FDO{self.new():05d}X"
        for port in member.ports:
            port.mac = self.shared or self.new.mac()

    def restack(self) -> None:
        """Members change their numbers. What is configured stays with the number."""
        numbers = list(self.members)
        moved = self.dice.sample(numbers, len(numbers))
        before = {number: [port.alias for port in member.ports] for number, member in self.members.items()}
        self.members = {number: self.members[old] for number, old in zip(numbers, moved, strict=True)}
        for number, member in self.members.items():
            for port, alias in zip(member.ports, before[number], strict=True):
                port.alias = alias

    def rename(self) -> None:
        self.prefix = self.dice.choice(["Gi", "ge-", "Ethernet", "port", "Slot "])
        self.long = self.dice.choice(["GigabitEthernet", "Gigabit Ethernet port ", "Unit "])

    def rename_and_renumber(self) -> None:
        self.rename()
        self.renumber()

    def edit(self) -> None:
        for member in self.members.values():
            for port in member.ports:
                if self.dice.random() < 0.2:
                    port.alias = f"room {self.new()}"

    def hide_names(self) -> None:
        self.named = not self.named


class Chassis(Family):
    """Line cards in slots, with power supplies and fans that show no serial number."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.slots = {slot: self.card() for slot in dice.sample(range(1, 9), 4)}
        self.fans = [f"fan {self.new()}" for _ in range(dice.randint(1, 4))]
        self.base = 0
        self.physical = 0

    def card(self) -> Member:
        return Member(f"SAL{self.new():05d}", f"card {self.new()}", self.ports(self.dice.choice([8, 16, 48])))

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        ports: Rows = []
        parts: Rows = []
        for slot, card in sorted(self.slots.items()):
            index = str(self.physical + 100 * slot)
            facts: dict[str, Fact] = {"class": "module"}
            row = part(EntityKind.MODULE, index, index, f"Slot {slot}", facts=facts, serial=card.serial)
            parts.append((card.truth, row))
            for port in card.ports:
                where = f"{slot}/{port.number}"
                index_ = self.base + 1000 * slot + port.number
                ports.append(interface(port, f"Te{where}", f"TenGigabitEthernet{where}", index_))
        for number, truth in enumerate(self.fans, 1):
            index = str(self.physical + 2000 + number)
            facts = {"class": "fan"}
            parts.append((truth, part(EntityKind.MODULE, index, index, f"Fan {number}", facts=facts)))
            facts = {"class": "fan_speed"}
            row = part(
                EntityKind.SENSOR, f"physical_sensors.fan_speed.{index}", index, "Fan speed", facts=facts
            )
            parts.append((f"speed of {truth}", row))
        yield "a", "interfaces", ports
        yield "a", "physical", parts

    def operations(self) -> dict[str, Callable[[], None]]:
        return {
            "renumber": self.renumber,
            "renumber parts": self.renumber_parts,
            "swap card": self.swap,
            "move card": self.move,
            "exchange cards": self.exchange,
            "add card": self.add,
        }

    def renumber(self) -> None:
        self.base = self.dice.randrange(1, 100000)

    def renumber_parts(self) -> None:
        self.physical = self.dice.randrange(1, 100000)

    def swap(self) -> None:
        card = self.dice.choice(list(self.slots.values()))
        card.serial = f"SAL{self.new():05d}"
        for port in card.ports:
            port.mac = self.new.mac()

    def move(self) -> None:
        free = [slot for slot in range(1, 9) if slot not in self.slots]
        if free:
            self.slots[self.dice.choice(free)] = self.slots.pop(self.dice.choice(list(self.slots)))

    def exchange(self) -> None:
        one, two = self.dice.sample(list(self.slots), 2)
        self.slots[one], self.slots[two] = self.slots[two], self.slots[one]

    def add(self) -> None:
        free = [slot for slot in range(1, 9) if slot not in self.slots]
        if free:
            self.slots[self.dice.choice(free)] = self.card()


class Server(Family):
    """Network cards, some of them in a team that shows one MAC address, with VLANs on top; file systems."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.cards = self.ports(dice.randint(2, 6), aliases=0)
        self.names = {card.truth: f"eth{number}" for number, card in enumerate(self.cards)}
        self.own = {card.truth: card.mac for card in self.cards}
        self.team: list[Port] = []
        self.vlans: list[int] = []
        self.base = 1
        self.volumes = {f"volume {self.new()}": path for path in ("/", "/var", "/home", "/srv/data")}
        self.volume_base = 30

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        shown: Rows = []
        index = self.base
        team_mac = self.own[self.team[0].truth] if self.team else ""
        for card in sorted(self.cards, key=lambda card: self.names[card.truth]):
            name = self.names[card.truth]
            card.mac = team_mac if card in self.team else self.own[card.truth]
            shown.append(interface(card, name, name, index := index + 1))
            if card is self.cards[0]:
                for vlan in self.vlans:
                    port = Port(f"vlan {vlan}", vlan, card.mac)
                    name_ = f"{name}.{vlan}"
                    shown.append(interface(port, name_, name_, index := index + 1, "l2vlan"))
        if self.team:
            team = Port("bond", 0, team_mac)
            shown.append(interface(team, "bond0", "bond0", index + 1, "ieee8023adLag"))
        yield "a", "interfaces", shown
        volumes = enumerate(self.volumes.items(), self.volume_base)
        yield "a", "storage", [(t, part(EntityKind.VOLUME, path, str(n))) for n, (t, path) in volumes]

    def operations(self) -> dict[str, Callable[[], None]]:
        return {
            "team": self.make_team,
            "fail over": self.fail_over,
            "renumber": self.renumber,
            "exchange names": self.exchange,
            "vlan": self.add_vlan,
            "swap card": self.swap,
            "mount": self.mount,
        }

    def make_team(self) -> None:
        self.team = [] if self.team else self.dice.sample(self.cards, 2)

    def fail_over(self) -> None:
        self.team.reverse()

    def renumber(self) -> None:
        self.base = self.dice.randrange(1, 1000)
        self.volume_base = self.dice.randrange(1, 1000)

    def exchange(self) -> None:
        """The system names the cards in another order; the address stays with the card."""
        free = [card.truth for card in self.cards if card not in self.team and card is not self.cards[0]]
        if len(free) > 1:
            one, two = self.dice.sample(free, 2)
            self.names[one], self.names[two] = self.names[two], self.names[one]

    def add_vlan(self) -> None:
        self.vlans.append(100 + self.new())

    def swap(self) -> None:
        self.own[self.dice.choice(self.cards).truth] = self.new.mac()

    def mount(self) -> None:
        self.volumes = {f"volume {self.new()}": f"/mnt/{self.new()}", **self.volumes}


@dataclass
class AccessPoint:
    truth: Truth
    serial: str
    mac: str
    name: str
    row: int


class Wireless(Family):
    """Access points with two radios behind two controllers."""

    sources = ("a", "b")

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.by_name = dice.random() < 0.5
        self.homes: dict[str, list[AccessPoint]] = {"a": [], "b": []}
        for _ in range(dice.randint(3, 12)):
            self.add()

    def add(self) -> None:
        number = self.new()
        found = AccessPoint(f"ap {number}", f"CNX{number:06d}", self.new.mac(), f"ap-{number}", self.new())
        self.homes[self.dice.choice(["a", "b"])].append(found)

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        for source, points in self.homes.items():
            shown: Rows = []
            radios: Rows = []
            for point in points:
                key = point.name if self.by_name else point.mac
                row = part(
                    EntityKind.DEVICE, key, str(point.row), point.name, serial=point.serial, mac=point.mac
                )
                shown.append((point.truth, row))
                for slot, band in enumerate(("2.4", "5")):
                    natural, index = f"{key}/{slot}", f"{point.row}.{slot}"
                    facts: dict[str, Fact] = {"band": band}
                    radio = part(EntityKind.RADIO, natural, index, f"{band} GHz", row.key, facts=facts)
                    radios.append((f"{point.truth} radio {slot}", radio))
            yield source, "aps", shown
            yield source, "radios", radios

    def operations(self) -> dict[str, Callable[[], None]]:
        return {"migrate": self.migrate, "rename": self.rename, "renumber": self.renumber, "add": self.add}

    def migrate(self) -> None:
        for source, other in (("a", "b"), ("b", "a")):
            if self.homes[source] and self.dice.random() < 0.7:
                point = self.homes[source].pop(self.dice.randrange(len(self.homes[source])))
                point.row = self.new()
                self.homes[other].append(point)
                return

    def rename(self) -> None:
        self.dice.choice(self.homes["a"] + self.homes["b"]).name = f"ap-{self.new()}"

    def renumber(self) -> None:
        for point in self.homes["a"] + self.homes["b"]:
            point.row = self.new()


class Nas(Family):
    """Pools, volumes and disks, by rows that come and go."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.base = 1
        self.volumes = {f"volume {self.new()}": f"/volume{number}" for number in range(1, dice.randint(3, 9))}
        self.disks = {f"disk {self.new()}": f"WD-{self.new():06d}" for _ in range(dice.randint(2, 12))}
        self.bays = list(self.disks)

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        volumes = enumerate(self.volumes.items(), self.base)
        yield "a", "volumes", [(t, part(EntityKind.VOLUME, path, str(n))) for n, (t, path) in volumes]
        disks: Rows = []
        for bay, truth in enumerate(self.bays, 1):
            row = part(EntityKind.DISK, f"Disk {bay}", str(self.base + bay), serial=self.disks[truth])
            disks.append((truth, row))
        yield "a", "disks", disks

    def operations(self) -> dict[str, Callable[[], None]]:
        return {
            "renumber": self.renumber,
            "rename volume": self.rename,
            "new volume": self.create,
            "exchange disks": self.exchange,
        }

    def renumber(self) -> None:
        self.base = self.dice.randrange(2, 500)

    def rename(self) -> None:
        self.volumes[self.dice.choice(list(self.volumes))] = f"/share{self.new()}"

    def create(self) -> None:
        self.volumes[f"volume {self.new()}"] = f"/volume{self.new() + 100}"

    def exchange(self) -> None:
        one, two = self.dice.sample(range(len(self.bays)), 2)
        self.bays[one], self.bays[two] = self.bays[two], self.bays[one]


class Hypervisors(Family):
    """Virtual machines with network cards that migrate between two hosts, and are renamed and cloned."""

    sources = ("a", "b")

    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.names: dict[Truth, str] = {}
        self.homes: dict[str, list[Truth]] = {"a": [], "b": []}
        self.base = 1
        for _ in range(dice.randint(3, 10)):
            self.create()

    def create(self) -> None:
        truth = f"564d0001-0000-0000-0000-{self.new():012d}"
        self.names[truth] = f"vm-{self.new()}"
        self.homes[self.dice.choice(["a", "b"])].append(truth)

    def rows(self) -> Iterator[tuple[str, str, Rows]]:
        for source, machines in self.homes.items():
            shown: Rows = []
            cards: Rows = []
            for row, truth in enumerate(machines, self.base):
                name = self.names[truth]
                machine = part(EntityKind.DEVICE, str(row), str(row), name, uuid=truth)
                shown.append((truth, machine))
                cards.append(
                    (
                        f"card of {truth}",
                        part(EntityKind.INTERFACE, f"vm{row}.nic0", f"{row}.0", "nic0", machine.key),
                    )
                )
            yield source, "vms", shown
            yield source, "cards", cards

    def operations(self) -> dict[str, Callable[[], None]]:
        return {
            "migrate": self.migrate,
            "rename": self.rename,
            "renumber": self.renumber,
            "create": self.create,
        }

    def migrate(self) -> None:
        source, other = self.dice.sample(["a", "b"], 2)
        if self.homes[source]:
            machine = self.homes[source].pop(self.dice.randrange(len(self.homes[source])))
            self.homes[other].insert(0, machine)

    def rename(self) -> None:
        self.names[self.dice.choice(list(self.names))] = f"vm-{self.new()}"

    def renumber(self) -> None:
        self.base = self.dice.randrange(1, 1000)


FAMILIES: tuple[type[Family], ...] = (Stack, Chassis, Server, Wireless, Nas, Hypervisors)
