"""Settings of the receivers that samples are sent to."""

from __future__ import annotations

from pydantic import Field, model_validator

from netwatch.config.fields import Names, PathField, PositiveDuration, SecretField, SecretUrl, Size, Slug
from netwatch.documents import Strict, fault
from netwatch.model import Secret

__all__ = ["RemoteWriteSettings"]

_NONE = Secret("")


class RemoteWriteSettings(Strict):
    """One receiver of Prometheus remote write 1.0."""

    name: Slug = Field(description="Name in logs, in metrics and of the folder of its spool; unique.")
    url: SecretUrl = Field(
        description="Where to post, e.g. `http://prometheus.example.org:9090/api/v1/write`."
    )
    user: str = Field(default="", description="User name of basic authentication.")
    password: SecretField = Field(default=_NONE, description="Password of basic authentication.")
    token: SecretField = Field(default=_NONE, description="Bearer token.")
    headers: dict[str, SecretField] = Field(
        default_factory=dict, description="Further headers, as secrets, e.g. of a tenant."
    )
    verify: bool = Field(default=True, description="Check the receiver's TLS certificate.")
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM.")
    timeout: PositiveDuration = Field(default=30.0, description="Wait for the receiver.")
    interval: PositiveDuration = Field(default=5.0, description="New samples are gathered this often.")
    max_samples: int = Field(default=10_000, ge=100, le=100_000, description="Samples in one request.")
    families: Names = Field(
        default=(), description="Metrics that are sent, by name or shell pattern; none: all."
    )
    queue_size: Size = Field(
        default=16_000_000, ge=64_000, description="Memory for requests that wait while all is well."
    )
    spool_size: Size = Field(
        default=1_000_000_000,
        ge=1_000_000,
        description="Disk for requests that wait while the receiver is away; the oldest go first.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> RemoteWriteSettings:
        if bool(self.user) != bool(self.password):
            raise fault("user and password go together")
        if self.user and self.token:
            raise fault("either user and password, or token", "remove one of them")
        return self
