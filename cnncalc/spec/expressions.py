"""Arithmetic in a spec: an allow-list over Python's syntax tree. Nothing else is evaluated, and nothing is executed."""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from cnncalc.diagnostics import did_you_mean
from cnncalc.text import number, say

MAX_CHARACTERS = 200
MAX_NODES = 64
LARGEST = 2**53

Value = int | float | bool | str
"""A number, a truth value, or one of the words an argument may take (`same`)."""

UNKNOWN = ""
"""The value of a name whose own value could not be read: what is wrong with it has been said there."""


class ExpressionError(ValueError):
    """What is wrong with an expression, and a way out."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class UnknownValue(ExpressionError):
    """A name in the expression has no value, and that has been said where the name stands."""


class Expression(NamedTuple):
    """A checked expression, with the names it uses."""

    body: ast.expr
    names: frozenset[str]


def evaluate(text: str, names: Mapping[str, Value]) -> Value:
    """Return the value of `text` with `names` in scope. Raises ExpressionError.

    `/` gives a whole number where it divides, so `width / 2` may stand for a size.
    """
    return bounded(_value(parse(text).body, names))


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Check an expression's size and form. Raises ExpressionError."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(
            say(
                "an expression of {count} characters; at most {limit} are read",
                count=number(len(text)),
                limit=MAX_CHARACTERS,
            ),
            say("use vars for its parts"),
        )
    if not text.isascii():
        raise ExpressionError(odd_character(text), say("write it with the English keyboard"))
    grouped = re.search(r"\d_\d", text)
    if grouped:
        raise ExpressionError(
            say("{text} has an underscore in a number", text=text), say("write {text}", text=text.replace("_", ""))
        )
    if re.fullmatch(r"\d{4}-\d\d?-\d\d?", text.strip()):
        raise ExpressionError(
            say("{text} is a date, and a number is needed", text=text), say("put spaces round a minus")
        )
    zero = re.search(r"(?<![\w.])0+(\d+)(?![\w.])", text)
    if zero:
        raise ExpressionError(say("{number} has a leading zero", number=zero[0]), say("write {number}", number=zero[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        sizes = re.fullmatch(r"\s*\d+(\s*[x×]\s*\d+)+\s*", text)
        raise ExpressionError(
            say("{text} is neither a number nor an expression", text=text),
            say("write a list: [{sizes}]", sizes=", ".join(re.findall(r"\d+", text)))
            if sizes
            else say(
                "a number, or names with + - * / // %, comparisons, and or not, a if c else b, min max ceil floor round"
            ),
        ) from None
    parts = list(ast.walk(body))
    if len(parts) > MAX_NODES:
        raise ExpressionError(
            say("an expression of {count} parts; at most {limit} are read", count=len(parts), limit=MAX_NODES),
            say("use vars for its parts"),
        )
    functions = {id(part.func) for part in parts if isinstance(part, ast.Call)}
    names = frozenset(part.id for part in parts if isinstance(part, ast.Name) and id(part) not in functions)
    return Expression(body, names)


def odd_character(text: str) -> str:
    """Name the first character of `text` that is not ASCII."""
    import unicodedata  # only a mistake needs it

    odd = next(character for character in text if not character.isascii())
    return say(
        "{text} holds {code} ({name})",
        text=text,
        code=f"U+{ord(odd):04X}",
        name=unicodedata.name(odd, "").lower() or say("no name"),
    )


def bounded(value: Value) -> Value:
    """Return `value` if it is finite and at most 2^53."""
    if not isinstance(value, str) and not (math.isfinite(value) and abs(value) <= LARGEST):
        raise ExpressionError(say("the result is larger than 2^53"))
    return value


def _divide(a: Any, b: Any) -> Any:
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b


def make_divisible(value: float, divisor: int = 8, minimum: float | None = None) -> int:
    """Round a channel count to a multiple of `divisor`, never down by over a tenth (Sandler et al. 2018's code)."""
    result = max(minimum or divisor, int(value + divisor / 2) // divisor * divisor)
    return int(result + divisor if result < 0.9 * value else result)


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.FloorDiv: operator.floordiv,  # pyright: ignore[reportUnknownMemberType]
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (min, 2, 8),
    "max": (max, 2, 8),
    "ceil": (math.ceil, 1, 1),
    "floor": (math.floor, 1, 1),
    "round": (round, 1, 1),
    "make_divisible": (make_divisible, 1, 3),
}
"""Name -> (function, fewest arguments, most arguments)."""

CONSTANTS: dict[str, bool] = {"true": True, "false": False}


def _value(node: ast.expr, names: Mapping[str, Value]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value):
            return bounded(value)
        case ast.Name(id=name):
            return _lookup(name, names)
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            return _apply(op, _number(left, names), _number(right, names))
        case ast.UnaryOp(ast.Not(), operand):
            return not _value(operand, names)
        case ast.UnaryOp(op, operand) if type(op) in OPERATORS:
            return _apply(op, _number(operand, names))
        case ast.BoolOp(op, parts):
            return _junction(op, parts, names)
        case ast.Compare(left, ops, rights) if all(type(op) in OPERATORS for op in ops):
            values = [_value(part, names) for part in (left, *rights)]
            return all(_apply(op, *pair) for op, pair in zip(ops, pairwise(values), strict=True))
        case ast.IfExp(test, body, orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _call(name, [_number(argument, names) for argument in args])
        case ast.Tuple(parts):
            listed = ", ".join(map(ast.unparse, parts))
            raise ExpressionError(say("({sizes}) is not a list", sizes=listed), say("write [{sizes}]", sizes=listed))
        case _:
            raise ExpressionError(
                say("{part} is not allowed in an expression", part=ast.unparse(node)),
                say(
                    "allowed: + - * / // %, comparisons, and or not, a if c else b, {functions}",
                    functions=", ".join(FUNCTIONS),
                ),
            )


def _lookup(name: str, names: Mapping[str, Value]) -> Value:
    if name in names:
        if names[name] == UNKNOWN:
            raise UnknownValue(say("{name} has no value", name=name))
        return names[name]
    if name.lower() in CONSTANTS:
        return CONSTANTS[name.lower()]
    near = did_you_mean(name, names)
    if near:
        help = say("did you mean {near}?", near=near)
    elif name.lower() in ("yes", "no", "on", "off"):
        help = say("write true or false")
    elif names:
        help = say("in scope: {names}", names=", ".join(names))
    else:
        help = say("no names are known here")
    raise ExpressionError(say("{name} is not a name in scope", name=name), help)


def _number(node: ast.expr, names: Mapping[str, Value]) -> int | float:
    value = _value(node, names)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(say("{part} is {value}, and a number is needed", part=ast.unparse(node), value=value))
    return value


def _junction(op: ast.boolop, parts: list[ast.expr], names: Mapping[str, Value]) -> bool:
    wanted = isinstance(op, ast.Or)
    return any(bool(_value(part, names)) is wanted for part in parts) is wanted


def _apply(op: ast.AST, *values: Any) -> Value:
    try:
        return bounded(OPERATORS[type(op)](*values))
    except ZeroDivisionError:
        raise ExpressionError(say("division by zero")) from None
    except TypeError:
        raise ExpressionError(say("these values cannot be compared")) from None


def _call(name: str, arguments: list[int | float]) -> Value:
    function, fewest, most = FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise ExpressionError(say("{name} takes {fewest} to {most} arguments", name=name, fewest=fewest, most=most))
    try:
        return bounded(function(*arguments))
    except (ZeroDivisionError, ValueError, OverflowError):
        raise ExpressionError(say("{name} has no value for these arguments", name=name)) from None
