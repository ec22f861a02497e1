"""The expression language: total, safe, and unknown where it does not know."""

from __future__ import annotations

import contextlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.profiles import FUNCTIONS, Expression, ExpressionError, Scope, Template


class Frame:
    """Two tables, one scalar, one enumeration."""

    def __init__(self, **tables: dict[str, dict[str, object]]) -> None:
        self.scalars = {"total": 200}
        self.enums = {"colour": {1: "red", "1": "red", 2: "green", "2": "green"}}
        self.cache: dict[object, object] = {}
        self.tables = tables

    def rows(self, table: str) -> dict[str, dict[str, object]]:
        return self.tables.get(table, {})


DISKS = {
    "1": {"size": 10, "state": 1, "pool": b"a", "label": b"first"},
    "2": {"size": 30, "state": 2, "pool": b"a"},
    "10": {"size": 5, "state": 1, "pool": b"b", "label": b"last"},
}


def run(source: str, index: str = "1.2.3", **values: object) -> object:
    return Expression(source)(Scope(values, index, Frame(disks=DISKS)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a / 10", 3.65),
        ("a + b", 42.5),
        ("first(missing, b)", 6),
        ("missing + 1", None),
        ("known(missing)", False),
        ("b > 5 and b < 7", True),
        ("missing > 5 and b > 100", False),
        ("missing > 5 and b > 1", None),
        ("missing > 5 or b > 1", True),
        ("not missing", None),
        ("'high' if b > 5 else 'low'", "high"),
        ("b in (6, 7)", True),
        ("1 < b < 10", True),
        ("b / 0", None),
        ("b % 0", None),
        ("10 ** -3 * b", 0.006),
        ("9 ** 9 ** 9", None),
        ("1 << 99999", None),
        ("-b", -6),
        ("b & 4", 4),
        ("total - b", 194),
        ("text + '!'", "Unit 7!"),
        ("'Fan ' + part(index, -1)", "Fan 3"),
        ("text == 'Unit 7'", True),
        ("number_text == 12", True),
        ("enum(number_text, colour)", None),
        ("enum(2, colour)", "green"),
        ("first('', None, b'')", None),
    ],
)
def test_values(source: str, expected: object) -> None:
    found = run(source, a=b"36.5 C", b=6, text=b"Unit 7\0 ", number_text=b"12")
    assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("lookup(disks.size, '2')", 30),
        ("lookup(disks.size, 2)", 30),
        ("lookup(disks.size, '9')", None),
        ("find(disks.label, pool, 'b')", b"last"),
        ("pick(disks, text(label), state == 1)", "first"),
        ("pick(disks, text(label), state == 2)", None),
        ("count(disks)", 3),
        ("count(disks, state == 1)", 2),
        ("count(nothing)", None),
        ("sum(disks, size, state == 1)", 15),
        ("avg(disks, size)", 15),
        ("max_of(disks, size)", 30),
        ("min_of(disks, size)", 5),
        ("sum(disks, missing)", None),
        ("count_by(disks, pool, 'a')", 2),
        ("count_by(disks, pool, 'zzz')", 0),
        ("sum_by(disks, pool, 'a', size)", 40),
        ("sum_by(disks, pool, 'a', size, state == 1)", 10),
        ("total / sum(disks, size)", 200 / 45),
    ],
)
def test_other_tables(source: str, expected: object) -> None:
    assert run(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("mac(parts(index, 0, 6))", "02:00:00:00:00:2a"),
        ("part(index, 6)", 1),
        ("ip(parts(index, 7, 11))", "10.1.2.3"),
        ("index_text(index, 11)", "AB"),
        ("index_rest(index, 11)", "5"),
        ("part(index, 99)", None),
    ],
)
def test_index(source: str, expected: object) -> None:
    assert run(source, index="2.0.0.0.0.42.1.10.1.2.3.2.65.66.5") == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("mac(m)", "02:aa:bb:cc:dd:ee"),
        ("mac('0-1-2-a-b-c')", "00:01:02:0a:0b:0c"),
        ("mac(zero)", None),
        ("ip(four)", "192.0.2.1"),
        ("bit(flags, 0)", True),
        ("bit(flags, 1)", False),
        ("bit(5, 2)", True),
        ("bits(0xABCD, 4, 7)", 12),
        ("signed(65535, 16)", -1),
        ("unsigned(-1)", 4294967295),
        ("opaque_float(opaque)", 36.5),
        ("num(opaque)", 36.5),
        ("datetime(date)", 1700000000.0),
        ("mw_to_dbm(100)", 20.0),
        ("mw_to_dbm(0)", None),
        ("channel_hertz(14)", 2484e6),
        ("channel_hertz('116E')", 5580e6),
        ("channel_hertz(5, '6ghz')", 5975e6),
        ("channel_hertz(0)", None),
        ("fahrenheit(212)", 100.0),
        ("ticks(12345)", 123.45),
        ("prefix_length('255.255.255.192')", 26),
        ("prefix_length('255.0.255.0')", None),
        ("match('Version 4.2(1)E, x', 'Version ([^,]+)')", "4.2(1)E"),
        ("replace('a-b', '-', '_')", "a_b"),
        ("split('a/b/c', '/', -1)", "c"),
        ("serial('N/A')", None),
        ("serial('0000')", None),
        ("serial(' FX1234 ')", "FX1234"),
        ("join('/', 'a', missing, 'b')", "a/b"),
        ("total(1, missing, 2)", None),
        ("ratio(1, 0)", None),
        ("hex(m, ':')", "02:aa:bb:cc:dd:ee"),
        ("int('ff', 16)", 255),
        ("slice(m, 0, 1)", b"\x02"),
    ],
)
def test_functions(source: str, expected: object) -> None:
    values = {
        "m": bytes.fromhex("02aabbccddee"),
        "zero": bytes(6),
        "four": bytes([192, 0, 2, 1]),
        "flags": b"\x80",
        "opaque": bytes.fromhex("9f780442120000"),
        "date": bytes.fromhex("07e70b0e160d14002b0000"),
    }
    if source.startswith("total("):  # a function and a scalar of that name live side by side
        expected = 3
    assert run(source, **values) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a.b", "Attribute is not part"),
        ("[x for x in y]", "ListComp is not part"),
        ("lambda: 1", "Lambda is not part"),
        ("__import__('os')", "unknown function"),
        ("a.b()", "only plain functions"),
        ("frst(a)", "unknown function 'frst'"),
        ("num()", "takes 1 argument"),
        ("match(a, pattern)", "has to be written out"),
        ("match(a, '(x+)+')", "repeats a repeat"),
        ("match(a, '(')", "bad regular expression"),
        ("a is None", "`is` is not part"),
        ("a +", "is no expression"),
        ("(a := 1)", "NamedExpr is not part"),
        ("f'{a}'", "JoinedStr is not part"),
        ("a if b", "is no expression"),
        ("...", "is not part"),
        ("1 +" * 1000 + "1", "at most"),
        ("(" * 300 + "1" + ")" * 300, "expression|nested"),
        ("\0", "is no expression"),
    ],
)
def test_refused(source: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message.replace("`", ".")):
        Expression(source)


def test_unknown_function_brings_a_hint() -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression("frst(a)")
    assert caught.value.hint == "did you mean 'first'?"


def test_names_and_references_in_order() -> None:
    expression = Expression("first(hc, low) * scale + lookup(other.col, index) + enum(x, colour)")
    assert expression.names == ("hc", "low", "scale", "x")
    assert expression.references == (("other", "col"),)
    assert expression.enums == ("colour",)


def test_pickles_by_source() -> None:
    again = pickle.loads(pickle.dumps(Expression("a * 2")))
    assert again(Scope({"a": 4}, "0", Frame())) == 8


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.binary(max_size=12),
    st.text(max_size=12),
    st.booleans(),
)


def _expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        ["a", "b", "c", "index", "1", "0", "-3", "2.5", "'x'", "'12'", "None", "b'\\x01\\x02'"]
    )
    binary = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"])
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"])
    one = [name for name, function in FUNCTIONS.items() if function.least == 1]
    two = [
        name
        for name, function in FUNCTIONS.items()
        if function.least <= 2 <= function.most and name not in ("match", "matches", "replace")
    ]

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, st.one_of(binary, compare), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            st.tuples(st.sampled_from(one), inner).map(lambda p: f"{p[0]}({p[1]})"),
            st.tuples(st.sampled_from(two), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
            st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
            inner.map(lambda x: f"(not {x})"),
            inner.map(lambda x: f"lookup(disks.size, {x})"),
            inner.map(lambda x: f"sum(disks, {x})"),
        )

    return st.recursive(leaves, extend, max_leaves=8)


@given(_expressions(), VALUES, VALUES, VALUES)
def test_evaluation_never_raises(source: str, a: object, b: object, c: object) -> None:
    found = Expression(source)(Scope({"a": a, "b": b, "c": c}, "1.2", Frame(disks=DISKS)))
    assert found is None or isinstance(found, int | float | str | bytes | bool | tuple)


@given(st.text(max_size=60))
def test_compiling_raises_only_its_own_error(source: str) -> None:
    with contextlib.suppress(ExpressionError):
        Expression(source)


STRICT = [name for name, function in FUNCTIONS.items() if function.strict and function.least == 1]


@pytest.mark.parametrize("name", STRICT)
def test_unknown_spreads_through_functions(name: str) -> None:
    assert run(f"{name}(missing)") is None


@given(st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "<", ">="]), VALUES)
def test_unknown_spreads_through_operators(sign: str, value: object) -> None:
    assert run(f"missing {sign} a", a=value) is None
    assert run(f"a {sign} missing", a=value) is None


def test_template() -> None:
    scope = Scope({"name": b"Fan A", "n": 3}, "7", Frame())
    assert Template("{name} / {n + 1} ({index}) {{x}}")(scope) == "Fan A / 4 (7) {x}"
    assert Template("{name} {missing}")(scope) is None


@pytest.mark.parametrize("source", ["{a", "a}", "{}", "{a b}"])
def test_bad_template(source: str) -> None:
    with pytest.raises(ExpressionError):
        Template(source)
