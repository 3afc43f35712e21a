"""A convention's TOML file -> its rules, checked.

A file has `title`, `unit` (MACs or FLOPs), `version`, `source`, `batch` (whether the number grows with the batch:
"counted" or "one"), `functions` ("seen", or "unseen" where the tool looks at modules only), `left_out` (what it does
about layers it does not support), `notes`, `rules` and `also` (other numbers that the tool prints). Each rule has
`types` ("Conv[123]d" stands for three), perhaps a condition `when`, and says one of:

- `exact = true`: the layer's exact MACs are counted (twice for FLOPs), and besides them what `counts` lists;
- `counts`: a list of {what, amount, wrong}: an expression over quantities, and what it counts. `wrong` says why the
  amount is not even what the tool means to count; `once = true` is for an amount that does not grow with the batch;
- `state`: zero (known to be counted as nothing), unsupported, unseen (a function where the tool looks at modules) or
  unknown.

Of several rules for a type the first whose `when` holds is meant. `functional` says what becomes of the layer where the
model calls it as a function: a list like `counts`, a state, or "same"; without it, `functions` of the file decides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.text import later, say

FOLDER = Path(__file__).parent
TOOLS = (
    "exact",
    "torchinfo",
    "fvcore",
    "thop",
    "ultralytics-thop",
    "ptflops",
    "ptflops-aten",
    "torch",
    "calflops",
    "keras",
    "torchvision",
)
"""In the order shown; each is a file of this folder."""

STATES = {
    "zero": later("counted as zero"),
    "unsupported": later("not supported, so left out"),
    "unseen": later("not seen, as functions are not"),
    "unknown": later("not known how it counts it, so left out here"),
}
"""What a tool makes of a layer that adds nothing to its number, and how that is said."""
UNITS = {"MACs": 1, "FLOPs": 2}
"""Unit -> how many of them an exact MAC is."""


class Counted(NamedTuple):
    """What is counted of a layer. `what` and `wrong` are templates; `once`: it does not grow with the batch."""

    what: str
    amount: str
    wrong: str = ""
    once: bool = False


class Rule(NamedTuple):
    """What a tool makes of a layer type. `functional`: of its calls as a function; None where they are the same."""

    when: str
    exact: bool
    state: str
    counts: tuple[Counted, ...]
    functional: Rule | None = None


class Also(NamedTuple):
    """Another number the tool prints. `heads`: train-only heads are in it. `functional`: so are functions."""

    key: str
    what: str
    unit: str
    amount: str
    heads: bool = False
    functional: bool = False
    grows: bool = False


class Convention(NamedTuple):
    """How a tool counts. `rules` are by layer type; of each the first that applies is meant."""

    name: str
    title: str
    unit: str
    version: str
    source: str
    scales: bool
    left_out: str
    notes: tuple[str, ...]
    rules: dict[str, tuple[Rule, ...]]
    also: tuple[Also, ...]


@cache
def convention(name: str) -> Convention:
    """Return the convention of a tool. Raises CnncalcError (E701) for a tool there is not."""
    if name not in TOOLS:
        near = did_you_mean(name, TOOLS)
        listed = say("there are {names}", names=", ".join(TOOLS))
        help = say("did you mean {name}?", name=near) if near else listed
        raise CnncalcError([Diagnostic("E701", say("there is no tool {name}", name=name), help=help)])
    return parsed(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def parsed(name: str, text: str) -> Convention:
    """Return the convention that a file's text states. Raises ValueError for what is wrong with it."""
    given = _toml(text)
    functions = _word(given, "functions", ("seen", "unseen"))
    rules: dict[str, tuple[Rule, ...]] = {}
    for written in given.pop("rules", []):
        types = [one for pattern in written.pop("types") for one in expanded(pattern)]
        rule = _rule(written, functions)
        for one in types:
            if one in rules and not rules[one][-1].when:
                raise ValueError(f"{name}: {one} has a rule after one without a condition")
            rules[one] = (*rules.get(one, ()), rule)
    unfinished = [one for one, found in rules.items() if found[-1].when]
    if unfinished:
        raise ValueError(f"{name}: the last rule of {unfinished} has a condition")
    made = Convention(
        name,
        given.pop("title"),
        _word(given, "unit", tuple(UNITS)),
        given.pop("version"),
        given.pop("source"),
        _word(given, "batch", ("counted", "one")) == "counted",
        given.pop("left_out", ""),
        tuple(given.pop("notes", ())),
        rules,
        tuple(Also(**one) for one in given.pop("also", ())),
    )
    _refuse_rest(given)
    return made


def expanded(pattern: str) -> list[str]:
    """Return the types of a pattern: `Conv[123]d` is Conv1d, Conv2d and Conv3d."""
    return [pattern.replace("[123]", axes) for axes in "123"] if "[123]" in pattern else [pattern]


def _toml(text: str) -> dict[str, Any]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return cast(dict[str, Any], toml.loads(text))


def _word(given: dict[str, Any], key: str, words: tuple[str, ...]) -> str:
    found = given.pop(key)
    if found not in words:
        raise ValueError(f"{key} is {found!r}, and must be one of {words}")
    return found


def _refuse_rest(given: Mapping[str, Any]) -> None:
    if given:
        raise ValueError(f"unknown keys: {list(given)}")


def _rule(given: dict[str, Any], functions: str) -> Rule:
    when, exact, state = given.pop("when", ""), given.pop("exact", False), given.pop("state", "")
    counts = _counts(given.pop("counts", ()))
    if state and (state not in STATES or exact or counts):
        raise ValueError(f"state {state!r} is none of {list(STATES)}, or stands beside counts")
    if not (state or exact or counts):
        raise ValueError("a rule says nothing: give it exact, counts or a state")
    called = given.pop("functional", "same" if functions == "seen" or state in ("unseen", "unknown") else "unseen")
    _refuse_rest(given)
    if called == "same":
        return Rule(when, exact, state, counts)
    if isinstance(called, str):
        if called not in STATES:
            raise ValueError(f"functional {called!r} is none of {list(STATES)}")
        return Rule(when, exact, state, counts, Rule("", False, called, ()))
    return Rule(when, exact, state, counts, Rule("", False, "", _counts(called)))


def _counts(given: Any) -> tuple[Counted, ...]:
    return tuple(Counted(**one) for one in given)
