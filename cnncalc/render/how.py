"""How the fast engine computes a layer, in a word or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.text import later, say

if TYPE_CHECKING:
    from cnncalc.verify.checks import Ran

KINDS: dict[str, str] = {
    "DirectConvolution": later("direct"),
    "NarrowConvolution": later("direct"),
    "WinogradConvolution": later("Winograd"),
    "DepthwiseConvolution": later("depthwise"),
    "TransposedConvolution": later("transposed"),
    "Pooling": later("pooling"),
    "PowerPooling": later("power pooling"),
    "Activation": later("elementwise"),
    "ScaleShift": later("elementwise"),
    "Combine": later("elementwise"),
    "Standardise": later("normalising"),
    "StandardiseGroups": later("normalising"),
    "ResponseNorm": later("normalising"),
    "Softmax": later("softmax"),
    "Mean": later("mean"),
    "Interpolate": later("interpolating"),
    "Concat": later("copying"),
    "Channels": later("copying"),
    "Positions": later("copying"),
    "Lanes": later("copying"),
    "Reorder": later("copying"),
    "CopyIn": later("copying in"),
    "CopyOut": later("copying out"),
    "Fallback": later("reference"),
}
"""The operations of a plan, as they are called in tables."""


def kind_text(kind: str) -> str:
    """Name an operation."""
    return say(KINDS[kind])


def how_text(ran: Ran) -> str:
    """Say how a node ran, or of which later node it is a part; a dash where there was nothing to do."""
    if ran.within:
        return say("in {layer}", layer=ran.within)
    return kind_text(ran.kind) if ran.kind else "-"
