"""Transposed convolution: ConvTranspose1d, ConvTranspose2d, ConvTranspose3d (torch.nn.ConvTransposeNd).

It is the step back through a convolution: where that reads input `p*stride - padding + t*dilation` for output p, this
adds input i times the kernel to those positions of its output. Neither kernel nor order is turned round: the weight is
(C_in, C_out/groups, *kernel), that of the convolution from C_out channels to C_in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    Parameters,
    Quantities,
    Rule,
    Sample,
    Shapes,
    feature_map,
)
from cnncalc.layers.channel_groups import check_groups, shared_out
from cnncalc.layers.geometry import Relation, Spread, Windows
from cnncalc.layers.kinds import Choice, Count, Flag, PerAxis, Sizes, argument
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, later, number, say, shape_text


@dataclass(frozen=True, kw_only=True)
class ConvTranspose(Layer):
    """Each input element lays a kernel, times its value, onto each output channel of its group; overlaps add up."""

    in_channels: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    out_channels: int = argument(Count(), "channels of the output")
    kernel_size: Sizes = argument(PerAxis(), "size of the kernel")
    stride: Sizes = argument(PerAxis(), "step between the places where the kernel is laid", 1)
    padding: Sizes = argument(PerAxis(0), "positions cut off each side of the output", 0)
    output_padding: Sizes = argument(PerAxis(0), "positions added at the end of each axis of the output", 0)
    groups: int = argument(Count(), "channel groups that do not see each other", 1)
    bias: bool = argument(Flag(), "whether a learned number is added to each output channel", True)
    dilation: Sizes = argument(PerAxis(), "step between the taps of the kernel", 1)
    padding_mode: str = argument(Choice(("zeros",)), "zeros, the only one that PyTorch has here", "zeros")

    short: ClassVar[str] = "upconv"
    formula: ClassVar[str] = later(
        "y[o, p] = bias[o] + sum over c, i, t with i*stride + t*dilation = p + padding of weight[c, o, t] * x[c, i]"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """(C_out, (n - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1, ...), PyTorch's rule."""
        shape = feature_map(self, inputs)
        check_groups(shape, self.in_channels, self.out_channels, self.groups)
        self._check_output_padding()
        sizes = tuple(spread.output_size(n) for spread, n in zip(self.spreads, shape[1:], strict=True))
        if min(sizes) < 1:
            raise LayerError(
                say(
                    "padding {padding} cuts off all of the output of {shape}",
                    padding=shape_text(self.padding),
                    shape=shape_text(shape),
                ),
                field="padding",
                code="E315",
                help=say("here padding makes the output smaller: take 2 padding off its size"),
            )
        return (self.out_channels, *sizes)

    def _check_output_padding(self) -> None:
        for extra, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if extra >= max(stride, dilation):
                raise LayerError(
                    say(
                        "output_padding (={extra}) must be smaller than the stride or the dilation (={most})",
                        extra=extra,
                        most=max(stride, dilation),
                    ),
                    field="output_padding",
                    code="E315",
                    help=say("it only tells apart the input sizes that a strided convolution makes the same"),
                )

    @property
    def spreads(self) -> tuple[Spread, ...]:
        """How the kernel is laid along each axis."""
        axes = zip(self.kernel_size, self.stride, self.dilation, self.padding, self.output_padding, strict=True)
        return tuple(Spread(k, s, d, p, p - extra) for k, s, d, p, extra in axes)

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` (C_in, C_out/groups, *kernel) and `bias` (C_out)."""
        weight = (inputs[0][0], self.out_channels // self.groups, *self.kernel_size)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None."""
        return {}

    def quantities(self, inputs: Shapes, output: Shape) -> Quantities:
        """C_in * C_out/groups products for each tap at each input position; what padding cuts off is counted apart."""
        shape = inputs[0]
        channels = shape[0] * (self.out_channels // self.groups)
        total = channels * prod(self.kernel_size) * prod(shape[1:])
        axes = zip(self.spreads, shape[1:], output[1:], strict=True)
        kept = channels * prod(spread.taps_kept(size, count) for spread, size, count in axes)
        return Quantities(mac=total, padded_mac=total - kept, bias_add=prod(output) if self.bias else 0)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """The kernel, laid at every stride-th place."""
        return [Windows(self.spreads)]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The rule of the convolution turned round; axes with the same numbers are derived once."""
        rules: list[Rule] = []
        seen: set[tuple[Spread, int]] = set()
        names = AXIS_NAMES[self.axes]
        for axis, (name, size, spread) in enumerate(zip(names, inputs[0][1:], self.spreads, strict=True)):
            if (spread, size) in seen:
                continue
            seen.add((spread, size))
            extra = self.output_padding[axis]
            numbers = (
                f"({size} - 1)*{spread.stride} - 2*{spread.before} + {spread.dilation}*({spread.kernel} - 1) "
                f"+ {extra} + 1"
            )
            symbols = f"({name} - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1"
            rules.append(Rule(f"{name}_out", symbols, numbers, output[axis + 1]))
        return rules

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """A kernel for each pair of input and output channel of a group, and a bias an output channel."""
        kernel = "*".join(str(k) for k in self.kernel_size)
        symbols = f"C_in C_out/groups {' '.join(['k'] * self.axes)}"
        total = sum(prod(shape) for shape in self.parameters(inputs).values())
        weights = f"{inputs[0][0]}*{shared_out(self.out_channels, self.groups)}*{kernel}"
        if not self.bias:
            return Rule(say("params"), symbols, weights, total, say("no bias"))
        numbers = f"{weights} + {self.out_channels}"
        return Rule(say("params"), f"{symbols} + C_out", numbers, total, say("the + C_out is the bias"))

    def mac_rule(self, inputs: Shapes, output: Shape) -> Rule:
        """A product for each weight at each input position."""
        sizes = " ".join(AXIS_NAMES[self.axes])
        symbols = " ".join(["k"] * self.axes)
        counts = self.quantities(inputs, output)
        factors = [
            str(inputs[0][0]),
            shared_out(self.out_channels, self.groups),
            *map(str, self.kernel_size),
            *map(str, inputs[0][1:]),
        ]
        cut = counts.padded_mac
        note = say("{count} of them land on what padding cuts off", count=number(cut)) if cut else ""
        return Rule(say("MACs"), f"C_in C_out/groups {symbols} {sizes}", "*".join(factors), counts.mac, note)

    @classmethod
    def samples(cls) -> list[Sample]:
        """Every argument, alone and together."""
        image = (4, 6, 5, 4)[: cls.axes + 1]
        uses: list[dict[str, object]] = [
            {"out_channels": 3, "kernel_size": 3},
            {"out_channels": 3, "kernel_size": 2, "stride": 2},
            {"out_channels": 3, "kernel_size": 4, "stride": 2, "padding": 1, "bias": False},
            {"out_channels": 3, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "stride": 3, "groups": 2},
            {"out_channels": 4, "kernel_size": 3, "stride": 2, "groups": 4, "padding": 1},
            {"out_channels": 2, "kernel_size": 3, "stride": 2, "dilation": 2, "padding": 2, "output_padding": 1},
            {"out_channels": 2, "kernel_size": 3, "stride": 3, "dilation": 2, "padding_mode": "zeros"},
            {
                "out_channels": 2,
                "kernel_size": [3, 2, 1][: cls.axes],
                "stride": [1, 2, 3][: cls.axes],
                "padding": [2, 0, 1][: cls.axes],
                "output_padding": [0, 1, 2][: cls.axes],
            },
        ]
        return [Sample(arguments, (image,)) for arguments in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """What PyTorch refuses too."""
        image = (4, 6, 5, 4)[: cls.axes + 1]
        good = {"out_channels": 4, "kernel_size": 3}
        return [
            BadSample({"out_channels": 4}, (image,), "kernel_size"),
            BadSample({**good, "stride": 0}, (image,), "stride"),
            BadSample({**good, "groups": 3}, (image,), "groups"),
            BadSample({**good, "out_channels": 3, "groups": 2}, (image,), "groups"),
            BadSample({**good, "in_channels": 3}, (image,), "in_channels"),
            BadSample({**good, "padding": -1}, (image,), "padding"),
            BadSample({**good, "padding": "same"}, (image,), "padding"),
            BadSample({**good, "padding": 4}, (image,), "padding"),
            BadSample({**good, "output_padding": 1}, (image,), "output_padding"),
            BadSample({**good, "stride": 2, "output_padding": 2}, (image,), "output_padding"),
            BadSample({**good, "padding_mode": "reflect"}, (image,), "padding_mode"),
            BadSample(good, ((16,),), ""),
        ]


class ConvTranspose1d(ConvTranspose):
    """Transposed convolution of a signal (C, L)."""

    axes: ClassVar[int] = 1


class ConvTranspose2d(ConvTranspose):
    """Transposed convolution of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class ConvTranspose3d(ConvTranspose):
    """Transposed convolution of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
