"""From a checked profile file to what it says by itself, compiled."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.documents import Document, did_you_mean
from netwatch.errors import Problem
from netwatch.model import Catalogue
from netwatch.profiles.compiling.builder import Builder
from netwatch.profiles.compiling.tables import TableBuilder
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.ready.profile import Match, Part, Profile, Table
from netwatch.profiles.ready.requests import Manners, manners_of, request_to
from netwatch.profiles.written.schema import ProfileModel

__all__ = ["IDENTITY_FACTS", "PRODUCT", "build_part"]

IDENTITY_FACTS = (
    "kind",
    "role",
    "vendor",
    "model",
    "version",
    "serial",
    "sys_name",
    "sys_descr",
    "sys_object_id",
    "location",
    "contact",
    "hardware",
    "mac",
    "uuid",
)
"""Facts that a profile may state of the device itself; docs/facts.md explains them."""

PRODUCT = "product"
"""Scalar that the identity may use: the model's name by sysObjectID, of the files in `models`."""


def build_part(
    document: Document, model: ProfileModel, included: Sequence[Profile], catalogue: Catalogue
) -> tuple[Part, list[Problem]]:
    """Compiles what one file says, over the includes that are compiled already. Use it only if there are no
    problems."""
    builder = Builder(document, model, included, catalogue)
    tables: dict[str, Table | None] = {name: None for name, table in model.tables.items() if table is None}
    for name, source in builder.sources.items():
        tables[name] = TableBuilder(builder, name, source).build()
    identity = _identity(builder)
    witnesses = {}
    for kind, written in model.witnesses.items():
        expression = builder.expression(["witnesses", kind], written)
        if expression is not None:
            builder.check_names(["witnesses", kind], expression, ())
            witnesses[kind] = expression
    http = manners_of(model.http, (one.http for one in included))
    part = Part(
        name=model.profile,
        file=document.file,
        description=model.description,
        attach=model.attach,
        priority=model.priority,
        match=_matches(builder, http),
        include=tuple(profile.name for profile in included),
        constant={
            name: str(value)
            for name in ("kind", "role", "vendor")
            if (value := getattr(model, name)) is not None
        },
        identity=identity,
        witnesses=witnesses,
        scalars=builder.own_scalars,
        enums=builder.own_enums,
        tables=tables,
        http=http,
    )
    return part, builder.problems


def _identity(builder: Builder) -> dict[str, Expression]:
    out = {}
    for name, source in builder.model.identity.items():
        path = ["identity", name]
        if name not in IDENTITY_FACTS:
            builder.problem(path, f"unknown fact {name!r}", did_you_mean(name, IDENTITY_FACTS))
        expression = builder.expression(path, source)
        if expression is not None:
            builder.check_names(path, expression, (PRODUCT,))
            out[name] = expression
    return out


def _matches(builder: Builder, http: Manners) -> tuple[Match, ...]:
    out = []
    for position, given in enumerate(builder.model.match):
        path: list[str | int] = ["match", position]
        out.append(
            Match(
                below=tuple(given.sys_object_id or ()),
                exact=tuple(given.sys_object_id_exact or ()),
                sys_descr=builder.regex([*path, "sys_descr"], given.sys_descr),
                not_sys_descr=builder.regex([*path, "not_sys_descr"], given.not_sys_descr),
                sys_name=builder.regex([*path, "sys_name"], given.sys_name),
                present=tuple(given.present or ()),
                values=tuple(
                    (oid, builder.regex([*path, "values", oid], pattern))
                    for oid, pattern in (given.values or {}).items()
                ),
                http_json=tuple(request_to(http, each, paged=False) for each in given.http_json or ()),
                http_host=builder.regex([*path, "http_host"], given.http_host),
            )
        )
    return tuple(out)
