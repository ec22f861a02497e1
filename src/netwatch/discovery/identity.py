"""Who the asked device is: facts by the profile's expressions, evidence of identity."""

from __future__ import annotations

from netwatch.model import ROOT, Fact, Instant, Observation, Seen, SnmpValue, Target, Witness, WitnessKind
from netwatch.profiles import DeviceFrame, Profile, Scope, Vendor
from netwatch.profiles.language.values import as_fact, hexadecimal, key_of, serial

__all__ = ["identity_observation", "scope_of"]


def scope_of(frame: DeviceFrame) -> Scope:
    """A scope without a row: scalars and other tables only."""
    return Scope({}, "", frame)


def identity_observation(
    target: Target,
    profile: Profile,
    frame: DeviceFrame,
    vendor: Vendor | None,
    engine_id: SnmpValue,
    at: Instant,
) -> Observation:
    """Observation `identity`, whose only entity is the device itself."""
    scope = scope_of(frame)
    facts: dict[str, Fact] = {"profile": profile.name, **profile.constant}
    for name, chain in profile.identity.items():
        for expression in chain:
            found = as_fact(expression(scope))
            if found is not None and found != "":
                facts[name] = found
                break
    if vendor is not None:
        facts.setdefault("vendor", vendor.name)
        if vendor.kind is not None:
            facts.setdefault("kind", vendor.kind.value)
    facts.setdefault("kind", "other")
    witnesses = [
        Witness(kind, found)
        for kind, chain in profile.witnesses.items()
        for expression in chain
        if (found := key_of(expression(scope))) is not None and found != ""
    ]
    told = {witness.kind for witness in witnesses}
    number = serial(facts.get("serial"))
    if number is not None and WitnessKind.SERIAL not in told:
        witnesses.append(Witness(WitnessKind.SERIAL, number))
    engine = hexadecimal(engine_id) if isinstance(engine_id, bytes) else None
    if engine is not None:
        witnesses.append(Witness(WitnessKind.ENGINE_ID, engine))
    if "sys_name" in facts:
        witnesses.append(Witness(WitnessKind.NAME, str(facts["sys_name"])))
    name = str(facts.get("sys_name") or target.name)
    seen = Seen(ROOT, None, "", name, facts, tuple(dict.fromkeys(witnesses)))
    return Observation(target.device, "identity", at, seen=(seen,), complete=True, interval=target.interval)
