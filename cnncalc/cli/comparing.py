"""From the options of `compare` to its candidates, budgets and findings."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from cnncalc.cli.options import parse_settings, parse_shape, refused
from cnncalc.questions.amounts import parse_bytes, parse_count
from cnncalc.questions.candidates import Variant
from cnncalc.questions.findings import EXPECTED, Broken, Budgets, Differs, parse_equal
from cnncalc.text import say

_NEXT = re.compile(r",(?=\s*[A-Za-z_]\w*\s*=(?!=))")
"""A comma before another NAME=VALUE; those inside an expression, as in max(a, b), stay."""


def parse_variant(text: str) -> Variant:
    """Return the variant of `growth=48,classes=10` or `input=3x128x128`. Raises CnncalcError."""
    settings: list[str] = []
    shape = None
    for part in _NEXT.split(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise refused(
                say("--with {text} is not NAME=VALUE", text=text or '""'), say("write --with growth=48,classes=10")
            )
        if name.strip() == "input":
            shape = parse_shape(value.strip())
        else:
            settings.append(part)
    return Variant(text, parse_settings(settings), shape)


def variants(
    given: Sequence[str] | None, settings: list[str] | None, input: str | None, *, alone: bool
) -> tuple[list[Variant], Variant]:
    """Return the variants that are compared, and what is put into all of them. Raises CnncalcError.

    `alone`: one spec is named, and nothing else to hold it against. Then --set and --input make variants of it, and a
    name that is set again (`input` too) begins a further one; else they are for all.
    """
    found = [parse_variant(text) for text in given or []]
    if found or not alone:
        return found, Variant("", parse_settings(settings), parse_shape(input))
    groups: list[dict[str, str]] = [{}]
    for text in settings or []:
        name = text.partition("=")[0].strip()
        if name in groups[-1]:
            groups.append({})
        groups[-1][name] = text
    for group in groups:
        if input is not None:
            group.setdefault("input", f"input={input}")
        if group:
            label = ",".join(group.values())
            other = group.pop("input", None)
            shape = None if other is None else parse_shape(other.partition("=")[2].strip())
            found.append(Variant(label, parse_settings(list(group.values())), shape))
    return found, Variant()


def budgets(params: str | None, macs: str | None, memory: str | None, rf: str | None) -> Budgets:
    """Return the budgets of the options. Raises CnncalcError for what is no amount."""
    return Budgets(
        None if params is None else parse_count(params),
        None if macs is None else parse_count(macs),
        None if memory is None else parse_bytes(memory),
        None if rf is None else parse_count(rf),
    )


def check_count(networks: int, allowed: Budgets) -> None:
    """Raise CnncalcError where a lone network has neither another nor a budget to be held against."""
    if networks == 1 and allowed == Budgets():
        raise refused(
            say("there is only one network, and nothing to compare it with"),
            say("name another spec, a budget (--max-params 5M), --with NAME=VALUE, --prune or --quantize"),
        )


def expectation(expect_equal: bool, equal_in: str | None) -> tuple[str, ...]:
    """Return in what the networks must agree; nothing where that was not asked for. Raises CnncalcError."""
    if equal_in is not None:
        return parse_equal(equal_in)
    return EXPECTED if expect_equal else ()


def show_findings(broken: Sequence[Broken], differs: Sequence[Differs], color: str) -> None:
    """Tell on stderr which budgets are broken, and which differences were not expected."""
    from cnncalc.render.compare import broken_diagnostic, differs_diagnostic
    from cnncalc.render.diagnostics import show_diagnostics
    from cnncalc.render.screen import Screen

    found = [*map(broken_diagnostic, broken), *map(differs_diagnostic, differs)]
    if found:
        sys.stdout.flush()
        show_diagnostics(Screen(sys.stderr, color), found, {})
