"""What is wrong in the district on purpose, and the ground truth that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from netwatch.errors import ConfigError
from netwatch.simulate.district import AccessPoint, District, Override, SimDevice
from netwatch.simulate.links import port_name
from netwatch.simulate.schema import ConditionSpec, RowSpec
from netwatch.simulate.values import pattern, render

__all__ = ["behind", "plant"]

Truth = dict[str, object]
_Action = Callable[[District, ConditionSpec, SimDevice], Iterator[Truth]]


def plant(district: District) -> None:
    """Carries out the conditions of the description. One that finds no device of its sort is left out.

    Raises ConfigError for an action that is not known.
    """
    for spec in district.library.district.conditions:
        if spec.action == "obsolete":
            district.planted += _obsolete(district, spec)
            continue
        action = _ACTIONS.get(spec.action)
        if action is None:
            raise ConfigError(
                f"condition {spec.name}: no action {spec.action!r}; known: {', '.join(_ACTIONS)}"
            )
        device = _choose(district, spec)
        if device is not None:
            district.planted += action(district, spec, device)


def _choose(district: District, spec: ConditionSpec) -> SimDevice | None:
    site = None if spec.school is None else spec.school
    fitting = [
        device
        for device in district.devices
        if (site is None or device.school.number == site)
        and (not spec.role or device.template.role == spec.role)
        and (not spec.template or device.template_name == spec.template)
        and not device.down
    ]
    return fitting[spec.nth] if spec.nth < len(fitting) else None


def behind(district: District, device: SimDevice) -> list[SimDevice]:
    """Devices that can't be reached while `device` is down, itself excluded."""
    lost = {device}
    out: list[SimDevice] = []
    for one in district.devices:  # parents come before their children
        if one.parent in lost:
            lost.add(one)
            out.append(one)
    return out


def _truth(spec: ConditionSpec, device: SimDevice, **more: object) -> Truth:
    return {
        "condition": spec.name,
        "device": device.name,
        "address": device.address,
        "entity": {"kind": "device", "natural": ""},
        "since_seconds": None,
        "see": list(spec.see),
        **more,
    }


def _silent(district: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    lost = behind(district, device)
    for one in (device, *lost):
        one.down = True
    unseen = [point.name for one in (device, *lost) for point in one.served]
    yield _truth(spec, device, behind=[one.name for one in lost], access_points=unseen)


def _saturate(district: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    link = next((one for one in district.links if one.lower is device), None)
    if link is None:
        return
    link.load = spec.values.get("load", 0.97)
    link.floor = spec.values.get("floor", link.floor)
    port = {"kind": "interface", "natural": port_name(device, link.lower_port)}
    far = {"device": link.upper.name, "entity": port_name(link.upper, link.upper_port)}
    yield _truth(spec, device, entity=port, far_end=far, share=link.load)


def _fill(_: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    group = spec.group or "volumes"
    share, days = spec.values.get("share", 0.8), spec.values.get("days", 150.0)
    row, number = _spec_of(device, group, spec.row)
    if row is None:
        return
    device.overrides.append(Override(group, {"fill_share": share, "fill_days": days}, spec.row))
    name = render(str(row.attributes.get("name", "")), {"n": number, "index": spec.row + 1})
    yield _truth(spec, device, entity={"kind": "volume", "natural": name}, share=share, full_in_days=days)


def _overload(district: District, spec: ConditionSpec, _: SimDevice) -> Iterator[Truth]:
    """All access points of one wing of the school; the device is the controller that tells of them."""
    points = _wing_of(district, spec)
    for point in points:
        point.overloaded = True
    yield from _wing_truth(spec, points)


def _share(district: District, spec: ConditionSpec, _: SimDevice) -> Iterator[Truth]:
    """All access points of one wing send on one channel."""
    points = _wing_of(district, spec)
    for point in points:
        point.shared = True
    yield from _wing_truth(spec, points)


def _wing_of(district: District, spec: ConditionSpec) -> list[AccessPoint]:
    wing, school = int(spec.values.get("wing", 1)), spec.school or 0
    return [
        point for point in district.access_points() if point.school.number == school and point.wing == wing
    ]


def _wing_truth(spec: ConditionSpec, points: list[AccessPoint]) -> Iterator[Truth]:
    if points:
        yield _truth(
            spec,
            points[0].controller,
            wing=f"{points[0].school.name} Wing {'ABCDEFGH'[points[0].wing - 1]}",
            access_points=[point.name for point in points],
            macs=[point.mac for point in points],
        )


def _fail(_: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    row, number = _spec_of(device, spec.group, spec.row)
    if row is None or not row.failed:
        return
    device.overrides.append(Override(spec.group, dict(row.failed), spec.row))
    name = render(str(row.attributes.get("name", "")), {"n": number, "index": spec.row + 1})
    kind = {"ports": "interface", "trunks": "trunk", "volumes": "volume", "disks": "disk"}.get(
        spec.group, "sensor"
    )
    yield _truth(spec, device, entity={"kind": kind, "natural": name})


def _flap(_: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    period, up = spec.values.get("period", 150.0), spec.values.get("up", 90.0)
    edge = [at for at, port in enumerate(device.ports()) if port.use == "edge"]
    if len(edge) <= spec.row:
        return
    at = edge[spec.row]
    device.overrides.append(Override("ports", {"oper": partial(_square, period, up), "linked": 1}, at))
    port = {"kind": "interface", "natural": port_name(device, at)}
    yield _truth(spec, device, entity=port, period_seconds=period, up_seconds=up)


def _square(period: float, up: float, seconds: float) -> int:
    """ifOperStatus of a port that comes and goes: 1 up, 2 down."""
    return 1 if seconds % period < up else 2


def _reboot(_: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    device.reboot = spec.values.get("after", 240.0)
    yield _truth(spec, device, since_seconds=device.reboot)


def _impair(_: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    device.loss = spec.values.get("loss", 0.2)
    device.delay = spec.values.get("delay", 0.3)
    yield _truth(spec, device, loss=device.loss, delay_seconds=device.delay)


def _obsolete(district: District, spec: ConditionSpec) -> Iterator[Truth]:
    """Every device whose template knows a date after which its maker supports it no more."""
    for device in district.devices:
        ended = device.template.facts.get("support_ended")
        if ended is not None:
            yield _truth(spec, device, support_ended=str(ended), model=device.template.model)


def _exchange(district: District, spec: ConditionSpec, device: SimDevice) -> Iterator[Truth]:
    """It was exchanged, and nobody told the register."""
    device.entered_serial = pattern(device.template.serial, district.seed, device.name, "entered serial")
    yield _truth(spec, device, entered=device.entered_serial, told=device.serial)


def _spec_of(device: SimDevice, group: str, row: int) -> tuple[RowSpec | None, int]:
    """The spec of a row by its position, and the row's {n}."""
    seen = 0
    for one in device.template.rows.get(group, ()):
        if row < seen + one.count:
            return one, one.first + row - seen
        seen += one.count
    return None, 0


_ACTIONS: dict[str, _Action] = {
    "silent": _silent,
    "saturate": _saturate,
    "fill": _fill,
    "overload": _overload,
    "share": _share,
    "fail": _fail,
    "flap": _flap,
    "reboot": _reboot,
    "impair": _impair,
    "exchange": _exchange,
}
