"""Convolution: Conv1d, Conv2d, Conv3d (torch.nn.ConvNd), as cross-correlation, the kernel is not flipped."""

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
from cnncalc.layers.geometry import Relation, Window, Windows
from cnncalc.layers.kinds import Choice, Count, Flag, Padding, PaddingPairs, PerAxis, Sizes, argument
from cnncalc.layers.windowed import AXIS_NAMES, size_rules, sliding
from cnncalc.text import Shape, later, number, say, shape_text

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True, kw_only=True)
class Conv(Layer):
    """Each output channel is the sum, over the input channels of its group, of a window times a kernel, plus a bias."""

    in_channels: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    out_channels: int = argument(Count(), "channels of the output: how many filters")
    kernel_size: Sizes = argument(PerAxis(), "size of the kernel")
    stride: Sizes = argument(PerAxis(), "step between windows", 1)
    padding: Padding = argument(PaddingPairs(), "padding on each side, or same, valid, same_upper, same_lower", 0)
    dilation: Sizes = argument(PerAxis(), "step between the taps of the kernel", 1)
    groups: int = argument(Count(), "channel groups that do not see each other; in_channels for depthwise", 1)
    bias: bool = argument(Flag(), "whether a learned number is added to each output channel", True)
    padding_mode: str = argument(Choice(PADDING_MODES), "what the padding holds", "zeros")

    short: ClassVar[str] = "conv"
    formula: ClassVar[str] = later(
        "y[o, p] = bias[o] + sum over c, t of weight[o, c, t] * x[c, p*stride - padding + t*dilation]"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """(C_out, floor((n + padding - dilation (kernel - 1) - 1) / stride) + 1, ...), PyTorch's rule."""
        shape = feature_map(self, inputs)
        check_groups(shape, self.in_channels, self.out_channels, self.groups)
        windows = self._windows(shape)
        self._check_border(shape, windows)
        return (self.out_channels, *(w.output_size(n) for w, n in zip(windows, shape[1:], strict=True)))

    def _windows(self, shape: Shape) -> tuple[Window, ...]:
        return sliding(shape[1:], self.kernel_size, self.stride, self.dilation, self.padding)

    def _check_border(self, shape: Shape, windows: tuple[Window, ...]) -> None:
        room = {"reflect": -1, "circular": 0}.get(self.padding_mode)
        if room is None:
            return
        for size, window in zip(shape[1:], windows, strict=True):
            widest = max(window.before, window.after)
            if widest > size + room:
                raise LayerError(
                    say(
                        "padding {padding} with padding_mode {mode} needs an input of {needed} or more, not {sizes}",
                        padding=widest,
                        mode=self.padding_mode,
                        needed=widest - room,
                        sizes=shape_text(shape[1:]),
                    ),
                    field="padding",
                    code="E307",
                    help=say("padding {most} or less, or padding_mode zeros", most=size + room),
                )

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` (C_out, C_in/groups, *kernel) and `bias` (C_out)."""
        weight = (self.out_channels, inputs[0][0] // self.groups, *self.kernel_size)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None."""
        return {}

    def quantities(self, inputs: Shapes, output: Shape) -> Quantities:
        """C_out * C_in/groups products for each tap of each window; taps on padded zeros counted apart."""
        shape = inputs[0]
        channels = self.out_channels * (shape[0] // self.groups)
        total = channels * prod(self.kernel_size) * prod(output[1:])
        real = total
        if self.padding_mode == "zeros":
            axes = zip(self._windows(shape), shape[1:], output[1:], strict=True)
            real = channels * prod(window.taps_inside(size, count) for window, size, count in axes)
        return Quantities(mac=total, padded_mac=total - real, bias_add=prod(output) if self.bias else 0)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """The kernel, sliding."""
        return [Windows(self._windows(inputs[0]), self.padding_mode)]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The window rule, an axis."""
        return size_rules(inputs[0][1:], self._windows(inputs[0]), output)

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """C_out filters of C_in/groups kernels, and a bias each."""
        kernel = "*".join(str(k) for k in self.kernel_size)
        symbols = " ".join(["k"] * self.axes)
        fan_in = shared_out(inputs[0][0], self.groups)
        total = sum(prod(shape) for shape in self.parameters(inputs).values())
        if not self.bias:
            return Rule(
                say("params"),
                f"C_out C_in/groups {symbols}",
                f"{self.out_channels}*{fan_in}*{kernel}",
                total,
                say("no bias"),
            )
        return Rule(
            say("params"),
            f"C_out (C_in/groups {symbols} + 1)",
            f"{self.out_channels}*({fan_in}*{kernel} + 1)",
            total,
            say("the + 1 is the bias"),
        )

    def mac_rule(self, inputs: Shapes, output: Shape) -> Rule:
        """A product for each weight at each output position."""
        sizes = " ".join(f"{name}_out" for name in AXIS_NAMES[self.axes])
        symbols = " ".join(["k"] * self.axes)
        factors = [
            str(self.out_channels),
            shared_out(inputs[0][0], self.groups),
            *map(str, self.kernel_size),
            *map(str, output[1:]),
        ]
        counts = self.quantities(inputs, output)
        note = say("{count} of them on padded zeros", count=number(counts.padded_mac)) if counts.padded_mac else ""
        return Rule(say("MACs"), f"C_out C_in/groups {symbols} {sizes}", "*".join(factors), counts.mac, note)

    def sharing(self, inputs: Shapes, output: Shape) -> dict[str, int]:
        """Return the parameters that other connections would need for the same map from the same input.

        `locally_connected`: each position has kernels of its own. `fully_connected`: each output element sees every
        input element. A bias an output element in both, where this layer has one.
        """
        bias = prod(output) if self.bias else 0
        window = inputs[0][0] // self.groups * prod(self.kernel_size)
        return {
            "convolution": sum(prod(shape) for shape in self.parameters(inputs).values()),
            "locally_connected": prod(output) * window + bias,
            "fully_connected": prod(output) * prod(inputs[0]) + bias,
        }

    @classmethod
    def samples(cls) -> list[Sample]:
        """Every argument, alone and together."""
        image = (4, 9, 8, 7)[: cls.axes + 1]
        pairs = [[0, 1], [2, 0], [1, 3]][: cls.axes]
        uses: list[dict[str, object]] = [
            {"out_channels": 3, "kernel_size": 3},
            {"out_channels": 3, "kernel_size": 3, "bias": False},
            {"in_channels": 4, "out_channels": 6, "kernel_size": 1, "groups": 2},
            {"out_channels": 8, "kernel_size": 3, "groups": 4, "padding": 1},
            {"out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1},
            {"out_channels": 2, "kernel_size": 2, "dilation": 3, "padding": 2},
            {
                "out_channels": 2,
                "kernel_size": [3, 2, 1][: cls.axes],
                "stride": [1, 2, 3][: cls.axes],
                "padding": pairs,
            },
            {"out_channels": 2, "kernel_size": 2, "padding": "same"},
            {"out_channels": 2, "kernel_size": 3, "padding": "valid"},
            {"out_channels": 2, "kernel_size": 4, "stride": 3, "padding": "same_upper"},
            {"out_channels": 2, "kernel_size": 4, "stride": 3, "padding": "same_lower"},
            {"out_channels": 2, "kernel_size": 3, "padding": 2, "padding_mode": "reflect"},
            {"out_channels": 2, "kernel_size": 3, "padding": 2, "padding_mode": "replicate"},
            {"out_channels": 2, "kernel_size": 3, "padding": pairs, "padding_mode": "circular"},
        ]
        return [Sample(arguments, (image,)) for arguments in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """What PyTorch refuses too."""
        image = (4, 9, 8, 7)[: cls.axes + 1]
        good = {"out_channels": 3, "kernel_size": 3}
        return [
            BadSample({"out_channels": 3}, (image,), "kernel_size"),
            BadSample({**good, "stride": 0}, (image,), "stride"),
            BadSample({**good, "dilation": 0}, (image,), "dilation"),
            BadSample({**good, "groups": 3}, (image,), "groups"),
            BadSample({**good, "groups": 2}, (image,), "groups"),
            BadSample({**good, "in_channels": 3}, (image,), "in_channels"),
            BadSample({**good, "kernel_size": 10}, (image,), "kernel_size"),
            BadSample({**good, "kernel_size": [3] * 4}, (image,), "kernel_size"),
            BadSample({**good, "padding": "same", "stride": 2}, (image,), "padding"),
            BadSample({**good, "padding": "full"}, (image,), "padding"),
            BadSample({**good, "padding": 9, "padding_mode": "reflect"}, (image,), "padding"),
            BadSample({**good, "padding_mode": "mirror"}, (image,), "padding_mode"),
            BadSample(good, ((16,),), ""),
        ]


class Conv1d(Conv):
    """Convolution of a signal (C, L)."""

    axes: ClassVar[int] = 1


class Conv2d(Conv):
    """Convolution of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class Conv3d(Conv):
    """Convolution of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
