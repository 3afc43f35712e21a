"""Channel groups that do not see each other, as convolutions and transposed convolutions have them."""

from __future__ import annotations

from cnncalc.layers.base import LayerError, inferred
from cnncalc.text import Shape, say


def check_groups(shape: Shape, in_channels: int | None, out_channels: int, groups: int) -> None:
    """Raise LayerError where `shape` has other channels than written, or groups do not divide what goes in or out."""
    channels = inferred("in_channels", in_channels, shape[0], shape)
    for name, count in (("in_channels", channels), ("out_channels", out_channels)):
        if count % groups:
            raise LayerError(
                say("{name} (={count}) must be divisible by groups (={groups})", name=name, count=count, groups=groups),
                field="groups",
                code="E306",
                help=say("groups must divide both {a} and {b}", a=channels, b=out_channels),
            )


def shared_out(channels: int, groups: int) -> str:
    """Write how many of the channels a group has, as a derivation does."""
    return str(channels) if groups == 1 else f"({channels}/{groups})"
