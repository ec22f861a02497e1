"""Settings of a NetBox that knows the district's assets."""

from __future__ import annotations

from pydantic import Field

from netwatch.config.fields import Names, PositiveDuration, SecretField
from netwatch.documents import Strict
from netwatch.model import Secret

__all__ = ["NetboxSettings"]


class NetboxSettings(Strict):
    """Where `netwatch inventory netbox` reads assets."""

    url: str = Field(
        description="Where NetBox answers, without `/api`, e.g. `https://netbox.example.org`.",
        pattern=r"^https?://[^?#]+$",
    )
    token: SecretField = Field(
        default=Secret(""), description="API token; one that may read devices, types and locations is enough."
    )
    verify: bool = Field(default=True, description="Check its TLS certificate.")
    timeout: PositiveDuration = Field(default=30.0, description="Wait for one page.")
    filters: dict[str, Names] = Field(
        default_factory=dict,
        description="Which devices to take, as NetBox filters them, e.g. `{tag: gear, site: [lincoln]}`.",
    )
    places: dict[str, str] = Field(
        default_factory=dict,
        description="Path of a place by slug of a site, or `site/location`, where slugs or names differ.",
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Custom fields by key of an asset, e.g. `{installed: install_date, cost: price}`.",
    )
