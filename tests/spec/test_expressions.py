"""Expressions: Python's own arithmetic over an allow-list, and nothing else."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import ends

from cnncalc.spec.expressions import ExpressionError, evaluate, make_divisible

NAMES = {"a": 3, "b": 7, "width": 64, "flag": True}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("-a + b", 4),
        ("+a", 3),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("7 % 4", 3),
        ("width / 2", 32),
        ("a / 2", 1.5),
        ("(a + b) * 2", 20),
        ("2 if a == 3 else 1", 2),
        ("2 if a != 3 else 1", 1),
        ("a < b <= 7", True),
        ("a > b or b >= 7", True),
        ("a > b and b >= 7", False),
        ("not a == 3", False),
        ("flag and true", True),
        ("min(a, b)", 3),
        ("max(a, b, 9)", 9),
        ("ceil(a / 2)", 2),
        ("floor(a / 2)", 1),
        ("round(2.6)", 3),
        ("True", True),
        (" a ", 3),
    ],
)
def test_values(text: str, value: object) -> None:
    found = evaluate(text, NAMES)
    assert found == value
    assert type(found) is type(value)


def test_exact_division_stays_whole() -> None:
    assert isinstance(evaluate("width / 2", NAMES), int)


@pytest.mark.parametrize(
    ("value", "divisor", "result"),
    # widths of MobileNetV2 and MobileNetV3 as published: 32 * 0.35, 16 * 0.75, 96 * 0.35, 24 * 1.4, 72 / 4, 1280
    [(11.2, 8, 16), (12, 8, 16), (33.6, 8, 32), (18, 8, 24), (1280, 8, 1280), (3, 8, 8)],
)
def test_make_divisible(value: float, divisor: int, result: int) -> None:
    assert make_divisible(value, divisor) == result == evaluate(f"make_divisible({value}, {divisor})", {})


numbers = st.one_of(st.integers(0, 1000).map(str), st.sampled_from(["a", "b", "width"]))
terms = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"(-{t})"),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), inner, inner, inner).map(
            lambda t: f"({t[3]} if {t[0]} {t[1]} {t[2]} else {t[4]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
    ),
    max_leaves=8,
)


@given(terms)
def test_arithmetic_is_pythons(text: str) -> None:
    try:
        expected: int | None = eval(text, {"__builtins__": {}, "min": min, "max": max, **NAMES})
    except ZeroDivisionError:
        expected = None
    if len(text) > 200:
        with pytest.raises(ExpressionError, match="characters"):
            evaluate(text, NAMES)
        return
    try:
        found = evaluate(text, NAMES)
    except ExpressionError as error:
        said = str(error)
        assert (expected is None and "zero" in said) or "parts" in said or "2^53" in said
    else:
        assert found == expected


@pytest.mark.parametrize(
    "attack",
    [
        "__import__('os').system('true')",
        "().__class__",
        "a.__class__",
        "a.real",
        "[1, 2][0]",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "(lambda: 1)()",
        "{1: 2}",
        "{1, 2}",
        "(1, 2)",
        "a := 3",
        "(c := 3)",
        "f'{a}'",
        "'text'",
        "b'text'",
        "open('x')",
        "eval('1')",
        "exec('1')",
        "min(1, key=abs)",
        "max(*a)",
        "print(a)",
        "min",
        "2 ** 3",
        "1 << 3",
        "1 | 2",
        "1 & 2",
        "1 ^ 2",
        "~1",
        "a @ b",
        "a in b",
        "a is b",
        "None",
        "...",
        "1j",
        "yield 1",
        "await a",
        "import os",
        "a = 3",
        "a; b",
        "1\n2",
        "",
        " ",
        "#",
        "\\",
        "a b",
        "max(a)",
        "ceil(a, b)",
        "round(2.5, 1)",
        "min()",
        "flag + 1",
        "1 + (a < b)",
        "a < (1 if not flag else 'x')",
    ],
)
def test_nothing_else_is_evaluated(attack: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(attack, NAMES)


@pytest.mark.parametrize(
    ("text", "said", "way_out"),
    [
        ("widht * 2", "widht is not a name in scope", "did you mean width?"),
        ("c", "c is not a name in scope", "in scope: a, b, width, flag"),
        ("yes", "yes is not a name", "write true or false"),
        ("1_000", "underscore", "write 1000"),
        ("0777", "leading zero", "write 777"),
        ("2020-13-45", "is a date", "spaces"),
        ("a / 0", "division by zero", ""),
        ("a // (b - 7)", "division by zero", ""),
        ("a % 0", "division by zero", ""),
        ("min(1, 2, 3, 4, 5, 6, 7, 8, 9)", "min takes 2 to 8 arguments", ""),
        ("make_divisible(3, 0)", "make_divisible has no value", ""),
        ("4 × a", "U+00D7 (multiplication sign)", "English keyboard"),
        ("4 * а", "U+0430 (cyrillic small letter a)", "English keyboard"),
        ("9007199254740992 + 1", "larger than 2^53", ""),
        ("9007199254740993", "larger than 2^53", ""),
        ("1e999", "larger than 2^53", ""),
        ("1e308 * 1e308", "larger than 2^53", ""),
        ("a ** b", "a ** b is not allowed", "allowed: + - *"),
        ("1 +", "neither a number nor an expression", "a number, or names"),
    ],
)
def test_errors_say_what_and_the_way_out(text: str, said: str, way_out: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, NAMES)
    assert said in str(caught.value)
    assert way_out in caught.value.help


@pytest.mark.parametrize(
    "bomb",
    [
        "9" * 199,
        "9" * 5000,
        "(" * 199,
        "(" * 99 + "1" + ")" * 99,
        "-" * 199 + "1",
        "not " * 49 + "1",
        "+".join(["1"] * 99),
        "*".join(["999999999"] * 15),
        "1 if 1 else " * 16 + "1",
        "[" * 190,
    ],
)
def test_bombs_end_at_once(bomb: str) -> None:
    with ends(), contextlib.suppress(ExpressionError):
        assert evaluate(bomb, {}) == 1  # what is long but harmless


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_an_expression_error(text: str) -> None:
    try:
        value = evaluate(text, NAMES)
    except ExpressionError:
        return
    assert isinstance(value, int | float)
    assert math.isfinite(value)
