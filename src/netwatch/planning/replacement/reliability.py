"""How often the models of this fleet fail: few failures in few years say little, and then it says so.

Failures of a model are taken as a Poisson process over the device-years that its units were watched; a unit
that did not fail counts with all its time (right-censored). The rate of each model is the mean of a gamma
posterior whose prior has the rate of the whole fleet as its mean and a fixed shape, the policy's
`fleet_weight`. So a model is drawn towards the fleet where it was watched little, and more failures never
lower any rate.
"""

from __future__ import annotations

from collections.abc import Iterable

from netwatch.model import DAY, DAYS_PER_YEAR, EntityId, ModelReliability
from netwatch.planning.basis import Measurements, Subject
from netwatch.planning.replacement.policy_criteria import ModelFailures

__all__ = ["gamma_quantile", "model_key", "reliability"]

_YEAR = DAYS_PER_YEAR * DAY
_Z90 = 1.6448536269514722
"""Standard normal quantile of 0.95: a two-sided interval of 90 %."""


def model_key(subject: Subject) -> tuple[str, str]:
    return subject.vendor.casefold(), subject.model.casefold()


def reliability(
    found: Iterable[Subject], measured: Measurements, policy: ModelFailures, enough: float
) -> dict[tuple[str, str], ModelReliability]:
    """By model, those that fail most first. `enough`: seconds that a unit has to be watched to count."""
    units: dict[tuple[str, str], dict[EntityId, tuple[float, int]]] = {}
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for subject in found:
        if subject.id is None or not subject.model:
            continue
        time = measured.downtime.get(subject.id)
        if time is None or time.measured < enough:
            continue
        broken = sum(state.level >= 2 for state in measured.parts.get(subject.id, ()))
        key = model_key(subject)
        names.setdefault(key, (subject.vendor, subject.model))
        units.setdefault(key, {})[subject.id] = time.measured / _YEAR, time.failures + broken
    years = {key: sum(sorted(one[0] for one in rows.values())) for key, rows in units.items()}
    failures = {key: sum(one[1] for one in rows.values()) for key, rows in units.items()}
    everything = sum(sorted(years.values()))
    # Half a failure more: a fleet that never failed will one day.
    fleet = (sum(failures.values()) + 0.5) / everything if everything else 0.0
    made = [
        _one(names[key], len(units[key]), years[key], failures[key], fleet, policy) for key in sorted(units)
    ]
    made.sort(key=lambda one: (one.rate is None, -(one.rate or 0.0), -one.device_years))
    return {(one.vendor.casefold(), one.model.casefold()): one for one in made}


def _one(
    name: tuple[str, str], units: int, years: float, failures: int, fleet: float, policy: ModelFailures
) -> ModelReliability:
    why = ""
    if units < policy.enough_units:
        why = f"fewer than {policy.enough_units} units"
    elif years < policy.enough_device_years:
        why = f"fewer than {policy.enough_device_years:g} device-years"
    if why:
        return ModelReliability(*name, units, years, failures, None, None, None, why)
    shape, time = failures + policy.fleet_weight, years + policy.fleet_weight / fleet
    low, high = (gamma_quantile(shape, z) / time for z in (-_Z90, _Z90))
    return ModelReliability(*name, units, years, failures, shape / time, low, high)


def gamma_quantile(shape: float, z: float) -> float:
    """Quantile of a gamma distribution of scale 1 at the standard normal quantile `z`, by Wilson and Hilferty
    (1931): within 3 % of the exact value from a shape of 1 on for the 5 % and 95 % points, 0 at the least."""
    if shape <= 0:
        return 0.0
    spread = 1.0 / (9.0 * shape)
    return float(shape * max(0.0, 1.0 - spread + z * spread**0.5) ** 3)
