"""Why a single unknown has no solution: the size that comes out grows or shrinks steadily with it, and steps over.

Every size rule here is monotone in each of its numbers, so two neighbouring values with the wanted size between them,
or a smallest value that is past it already, are a proof for all values, not only for those tried.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cnncalc.questions.solve.window import Question, allowed, first_index, output_size

LIMIT = 1 << 20
"""As far as an unknown without an upper bound is followed."""

LEAST = {"kernel": 1, "dilation": 1, "stride": 1, "padding": 0, "total_padding": 0, "output_padding": 0, "in": 1}


Kind = Literal["tried", "outside", "between", "least", "most", "always"]


class Proof(NamedTuple):
    """Why none was found.

    `tried`: all combinations in the ranges, no more is known. `outside`: `value` solves it, and was not among those
    tried. `between`: `value` gives `out` and the next, `value` + 1, gives `next_out`, on the other side. `least`,
    `most`: the smallest (largest) value there is gives `out`, and the others only move further away. `always`: every
    value gives `out`. `pair` is the (before, after) that solves it where the total padding needed is odd.
    """

    kind: Kind
    name: str = ""
    value: int = 0
    out: int = 0
    next_out: int = 0
    pair: tuple[int, int] | None = None


TRIED = Proof("tried")


def prove(question: Question) -> Proof:
    """Return why no value in the ranges solves a question that has no solution."""
    if len(question.unknown) != 1 or question.target is None:
        return TRIED
    (name,) = question.unknown
    domain = _domain(question, name)
    if not domain:
        return TRIED

    def out(value: int) -> int:
        return output_size(question, question.setting.put(name, value))

    low, high = out(domain[0]), out(domain[-1])
    if not low:  # the kernel fits from some value on
        domain = domain[first_index(len(domain), lambda index: out(domain[index]) > 0) :] or domain
        low = out(domain[0])
    if low == high != question.target:
        return Proof("always", name, domain[0], low)
    sign = 1 if high > low else -1
    at = first_index(len(domain), lambda index: sign * out(domain[index]) >= sign * (question.target or 0))
    if at == len(domain):
        return Proof("most", name, domain[-1], high)
    value = domain[at]
    if out(value) == question.target:
        return Proof("outside", name, value, out(value))
    if at == 0:
        return Proof("least", name, value, low)
    pair = _odd_pair(question, value) if name == "padding" and question.kind != "transposed" else None
    return Proof("between", name, value - 1, out(value - 1), out(value), pair)


def _domain(question: Question, name: str) -> range:
    """Return every value of an unknown that PyTorch takes, up to LIMIT."""
    every = range(LEAST[name], LIMIT)

    def taken(index: int) -> bool:
        return allowed(question, question.setting.put(name, every[index]))

    if name in ("padding", "total_padding", "output_padding"):
        return every[: first_index(len(every), lambda index: not taken(index))]
    return every[first_index(len(every), taken) :]


def _odd_pair(question: Question, above: int) -> tuple[int, int] | None:
    """Return the padding between two even ones, its odd unit after as in PyTorch's `same`, where it solves it."""
    setting = question.setting.put("total_padding", 2 * above - 1)
    solves = allowed(question, setting) and output_size(question, setting) == question.target
    return (setting.before, setting.after) if solves else None
