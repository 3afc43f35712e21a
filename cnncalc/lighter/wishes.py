"""What a user asks to be made lighter: `channels=0.5`, `layer1.conv1.weights=0.9`, int8."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import say

KINDS = ("channels", "weights")
QUANTIZED = ("int8", "int4")
"""What weights and activations may be rounded to."""
SCALES = ("per-channel", "per-tensor")
"""How many scales a weight has: one for each output channel, or one."""


class Wish(NamedTuple):
    """One `--prune`: the share of a kind that goes, in the layer `path` or all layers below it; everywhere if empty."""

    kind: str
    path: str
    share: Fraction
    text: str

    def covers(self, layer: str) -> bool:
        """Whether the wish is about this layer."""
        return not self.path or layer == self.path or layer.startswith(f"{self.path}.")


class Wishes(NamedTuple):
    """All that is asked for. `together`: layers that are bound with one that is named are cut with it.

    `quantize` is a name of QUANTIZED or None, `scales` one of SCALES.
    """

    prune: tuple[Wish, ...] = ()
    together: bool = False
    quantize: str | None = None
    scales: str = "per-channel"

    def of(self, kind: str) -> tuple[Wish, ...]:
        """Return the wishes of one kind."""
        return tuple(wish for wish in self.prune if wish.kind == kind)

    def for_layer(self, kind: str, layer: str) -> Wish | None:
        """Return the wish that counts for a layer: the one with the longest path, of these the last."""
        found = [wish for wish in self.of(kind) if wish.covers(layer)]
        return max(reversed(found), key=lambda wish: len(wish.path), default=None)


def read_wishes(
    prune: Sequence[str] = (), quantize: str | None = None, *, scales: str = "per-channel", together: bool = False
) -> Wishes:
    """Return the wishes of option texts such as `channels=0.5`, `layer1.channels=0.5` and `fc.weights=0.9`.

    The number is the share that goes, as `amount` in torch.nn.utils.prune: from 0, below 1 for channels and up to 1 for
    weights. Raises CnncalcError (E740) for what is none, with an entry each.
    """
    wishes: list[Wish] = []
    wrong: list[Diagnostic] = []
    for text in prune:
        read = _wish(text)
        if isinstance(read, Wish):
            wishes.append(read)
        else:
            wrong.append(read)
    if quantize is not None and quantize not in QUANTIZED:
        problem = say("weights cannot be quantized to {name}", name=quantize)
        wrong.append(Diagnostic("E740", problem, help=say("there are {names}", names=", ".join(QUANTIZED))))
    if scales not in SCALES:
        problem = say("there are no scales {name}", name=scales)
        wrong.append(Diagnostic("E740", problem, help=say("there are {names}", names=", ".join(SCALES))))
    if wrong:
        raise CnncalcError(wrong)
    return Wishes(tuple(wishes), together, quantize, scales)


def _wish(text: str) -> Wish | Diagnostic:
    left, equals, right = text.replace(" ", "").rpartition("=")
    path, _, kind = left.rpartition(".")
    if not equals or kind not in KINDS or (left != kind and not path):
        problem = say("--prune {text} does not say what goes", text=text)
        return Diagnostic(
            "E740", problem, help=say("write --prune channels=0.5, --prune weights=0.9 or --prune layer1.channels=0.5")
        )
    if not re.fullmatch(r"[0-9]{0,6}\.?[0-9]{0,12}", right) or not any(map(str.isdigit, right)):
        problem = say("--prune {text}: {share} is not a share", text=text, share=right or '""')
        return Diagnostic("E740", problem, help=say("write the share that goes, such as 0.5 for half of them"))
    share = Fraction(right if right[-1] != "." else right[:-1])
    if share > 1:
        problem = say("--prune {text}: {share} is more than all of them", text=text, share=right)
        return Diagnostic("E740", problem, help=say("write the share that goes, such as 0.5 for half of them"))
    if share == 1 and kind == "channels":
        problem = say("--prune {text}: the share that goes is {share}, and something must stay", text=text, share=right)
        return Diagnostic("E740", problem, help=say("write a share from 0 to below 1, such as 0.5 for half of them"))
    return Wish(kind, path, share, text)
