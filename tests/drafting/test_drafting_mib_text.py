"""MIB modules are cut into declarations without being parsed."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from netwatch.drafting.mib_text import outline, split

HERE = Path(__file__).parent
FILE = Path("x.mib")


def test_an_outline_tells_nodes_and_imports() -> None:
    found = outline(FILE, (HERE / "mibs/ACME-SMI.mib").read_bytes())
    assert found is not None
    assert found.modules == ("ACME-SMI",)
    assert found.imports["enterprises"] == "SNMPv2-SMI"
    assert found.imports["TEXTUAL-CONVENTION"] == "SNMPv2-TC"
    assert found.nodes["acme"] == ("enterprises", 99999)
    assert found.nodes["acmeSwitch24"] == ("acmeProducts", 24)


def test_a_file_without_a_module_has_no_outline() -> None:
    assert outline(FILE, b"readme: foo OBJECT IDENTIFIER ::= { bar 1 }") is None


def test_numbers_in_parentheses_are_the_arcs() -> None:
    data = b"X DEFINITIONS ::= BEGIN a OBJECT IDENTIFIER ::= { iso org(3) dod(6) 1 } END"
    found = outline(FILE, data)
    assert found is not None
    assert found.nodes["a"] == ("iso", 3, 6, 1)


def test_comments_and_strings_hold_no_declarations() -> None:
    text = b"""X DEFINITIONS ::= BEGIN
    -- gone OBJECT-TYPE SYNTAX INTEGER ::= { x 1 }
    kept OBJECT-TYPE SYNTAX INTEGER DESCRIPTION "said OBJECT-TYPE ::= { x 2 } -- in text" ::= { x 3 }
    END"""
    found = split(FILE, text)
    assert set(found.values) == {"kept"}
    assert found.values["kept"].oid == ("x", 3)
    assert found.values["kept"].text.endswith("::= { x 3 }")


def test_a_broken_declaration_takes_no_other_along() -> None:
    found = split(FILE, (HERE / "mibs/broken/ACME-OLD-MIB").read_bytes())
    assert set(found.values) == {"acme_old", "oldStatus", "oldNonsense", "oldHumidity"}


def test_types_are_found_beside_objects() -> None:
    found = split(FILE, (HERE / "mibs/ACME-SMI.mib").read_bytes())
    assert set(found.types) == {"AcmeHealth", "AcmeTenths"}


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    outline(FILE, data)
    split(FILE, b"X DEFINITIONS ::= BEGIN " + data)
