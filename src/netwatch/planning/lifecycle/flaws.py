"""Flaws that are known to be exploited, as dated facts, and which gear runs the software that has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from pydantic import Field, model_validator

from netwatch.documents import Strict, fault
from netwatch.planning.lifecycle.patterns import matches

__all__ = ["Flaw", "Flaws", "Product"]


class Product(Strict):
    """Which models run a product that catalogues name, such as the operating system of a firewall."""

    vendor: str = Field(min_length=1)
    """Shell pattern."""
    product: str = Field(min_length=1)
    """As the catalogue names it."""
    models: tuple[str, ...] = Field(min_length=1)
    """Shell patterns for the model or the SKU."""
    source: str = Field(min_length=1)
    checked_on: date

    def runs_on(self, vendor: str, names: Iterable[str]) -> bool:
        return matches(self.vendor, vendor) and any(
            matches(one, name) for one in self.models for name in names
        )


class Flaw(Strict):
    """One entry of a catalogue of exploited flaws."""

    cve: str = Field(pattern=r"^CVE-\d{4}-\d{4,19}$")
    vendor: str = Field(min_length=1)
    """Shell pattern."""
    products: tuple[str, ...] = ()
    """Names of the catalogue; compared by whole words with model, SKU and version."""
    models: tuple[str, ...] = ()
    """Shell patterns for the model or the SKU, where a person narrowed it down."""
    versions: tuple[str, ...] = ()
    """Shell patterns for versions that have it; none where the catalogue states none."""
    name: str = ""
    added: date
    """When it was found to be exploited, as far as the catalogue says."""
    ransomware: bool = False
    """Known to be used to extort."""
    source: str = Field(min_length=1)
    checked_on: date

    @model_validator(mode="after")
    def _narrow(self) -> Flaw:
        if not self.products and not self.models:
            raise fault("expected 'products' or 'models'", "a flaw of everything of a maker helps nobody")
        return self

    def affects(self, version: str) -> bool | None:
        """Whether a version has it; None where the catalogue or the device does not tell the version."""
        if not self.versions or not version:
            return None
        return any(matches(one, version) for one in self.versions)


class Flaws:
    """The look-up, made once. Plain data of the same facts gives the same answers."""

    def __init__(self, flaws: Sequence[Flaw], products: Sequence[Product]) -> None:
        self._by_vendor: dict[str, list[Flaw]] = {}
        for one in flaws:
            self._by_vendor.setdefault(one.vendor.lower(), []).append(one)
        self._products = tuple(products)
        self._found: dict[tuple[str, tuple[str, ...], str], tuple[Flaw, ...]] = {}
        """Answers so far."""

    def knows(self, vendor: str) -> bool:
        return bool(vendor) and any(matches(pattern, vendor) for pattern in self._by_vendor)

    def of(self, vendor: str, models: Sequence[str], version: str = "") -> tuple[Flaw, ...]:
        """What a model may have, the newest first: all but what its version is known not to have. Without a
        vendor nothing is known."""
        asked = (vendor, tuple(models), version)
        if asked not in self._found:
            self._found[asked] = self._look_up(*asked)
        return self._found[asked]

    def _look_up(self, vendor: str, models: Sequence[str], version: str) -> tuple[Flaw, ...]:
        names = [name for name in (*models, version) if name]
        if not vendor or not names:
            return ()
        runs = {one.product.lower() for one in self._products if one.runs_on(vendor, models)}
        found = (
            flaw
            for pattern, flaws in self._by_vendor.items()
            if matches(pattern, vendor)
            for flaw in flaws
            if flaw.affects(version) is not False and _is_of(flaw, models, names, runs)
        )
        return tuple(sorted(found, key=lambda one: (-one.added.toordinal(), one.cve, one.products)))


def _is_of(flaw: Flaw, models: Sequence[str], names: Sequence[str], runs: set[str]) -> bool:
    if flaw.models:
        return any(matches(one, name) for one in flaw.models for name in models)
    return any(
        product.lower() in runs or any(_words(product).search(name) for name in names)
        for product in flaw.products
    )


@lru_cache(maxsize=4096)
def _words(product: str) -> re.Pattern[str]:
    """The product's name as whole words: `ESXi` is not in `ESXiArgs`."""
    return re.compile(rf"(?<![\w-]){re.escape(product)}(?![\w-])", re.IGNORECASE)
