"""The options for lighter networks, as `summary`, `run` and `compare` take them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.lighter import Wishes


class Quantize(str, Enum):
    """What weights and activations are rounded to."""

    int8 = "int8"
    int4 = "int4"


class Scales(str, Enum):
    """How many scales a weight has."""

    per_channel = "per-channel"
    per_tensor = "per-tensor"


PruneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--prune",
        metavar=say("[LAYER.]WHAT=SHARE"),
        help=say("Take out channels=0.5, or set weights=0.9 to zero, everywhere or in a layer. Repeatable."),
        show_default=False,
    ),
]
PruneTogetherOption = Annotated[
    bool, typer.Option("--prune-together", help=say("Also cut layers whose channels are bound with those named."))
]
QuantizeOption = Annotated[
    Quantize | None,
    typer.Option("--quantize", help=say("Round weights and activations to integers."), show_default=False),
]
ScalesOption = Annotated[
    Scales | None,
    typer.Option(
        "--scales", help=say("Of quantized weights: one an output channel (the default), or one."), show_default=False
    ),
]


def wishes_of(
    prune: Sequence[str] | None, together: bool, quantize: Quantize | None, scales: Scales | None
) -> Wishes | None:
    """Return what is asked for, None where nothing is. Raises CnncalcError for what has no effect or is no wish."""
    from cnncalc.cli.options import refused

    if together and not prune:
        raise refused(say("--prune-together is for --prune"), say("add --prune layer1.0.conv1.channels=0.5"))
    if scales and not quantize:
        raise refused(say("--scales are for --quantize"), say("add --quantize int8"))
    if not prune and not quantize:
        return None
    from cnncalc.lighter import read_wishes

    how = scales or Scales.per_channel
    return read_wishes(prune or (), quantize.value if quantize else None, scales=how.value, together=together)
