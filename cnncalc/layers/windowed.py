"""What convolution and pooling share: a kernel that slides along each spatial axis."""

from __future__ import annotations

from functools import lru_cache

from cnncalc.layers.base import LayerError, Rule
from cnncalc.layers.geometry import Window
from cnncalc.layers.kinds import Padding, Sizes
from cnncalc.text import Shape, say, shape_text

AXIS_NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""What the output sizes are called in formulas, by the number of spatial axes."""


@lru_cache(maxsize=4096)
def sliding(
    sizes: Shape, kernel_size: Sizes, stride: Sizes, dilation: Sizes, padding: Padding, *, ceil_mode: bool = False
) -> tuple[Window, ...]:
    """Return the window of each axis, with `padding` resolved for these input sizes.

    `same` is PyTorch's (stride 1; an odd unit of padding goes after); `same_upper` and `same_lower` are ONNX's
    auto_pad: ceil(n / stride) outputs, an odd unit after or before. Raises LayerError where the kernel does not fit.
    """
    windows: list[Window] = []
    for axis, size in enumerate(sizes):
        bare = Window(kernel_size[axis], stride[axis], dilation[axis])
        before, after = _padding(padding, axis, size, bare)
        window = bare._replace(before=before, after=after)
        if window.output_size(size, ceil_mode) < 1:
            raise _too_large(sizes, kernel_size, windows=[*windows, window])
        windows.append(window)
    return tuple(windows)


def _padding(padding: Padding, axis: int, size: int, window: Window) -> tuple[int, int]:
    if not isinstance(padding, str):
        return padding[axis]
    if padding == "same":
        if window.stride != 1:
            raise LayerError(
                say("padding same needs stride 1, and the stride is {stride}", stride=window.stride),
                field="padding",
                code="E305",
                help=say("write the padding as a number, or same_upper for ONNX's rule"),
            )
        total = window.extent - 1
        return total // 2, total - total // 2
    count = -(-size // window.stride)
    total = max(0, (count - 1) * window.stride + window.extent - size)
    small, large = total // 2, total - total // 2
    return (small, large) if padding == "same_upper" else (large, small)


def _too_large(sizes: Shape, kernel_size: Sizes, windows: list[Window]) -> LayerError:
    window = windows[-1]
    size = sizes[len(windows) - 1]
    lacking = window.extent - size - window.before - window.after
    paddings = sorted({(w.before, w.after) for w in windows})
    padding_text = ", ".join(str(b) if b == a else f"[{b}, {a}]" for b, a in paddings)
    dilated = window.dilation > 1
    message = (
        say(
            "kernel {kernel} with dilation {dilation} spans {extent}, which does not fit its input {sizes} "
            "(padding {padding})",
            kernel=shape_text(kernel_size),
            dilation=window.dilation,
            extent=window.extent,
            sizes=shape_text(sizes),
            padding=padding_text,
        )
        if dilated
        else say(
            "kernel {kernel} does not fit its input {sizes} (padding {padding})",
            kernel=shape_text(kernel_size),
            sizes=shape_text(sizes),
            padding=padding_text,
        )
    )
    more = max(window.before, window.after) + -(-lacking // 2)
    fits = (size + window.before + window.after - 1) // window.dilation + 1
    return LayerError(
        message,
        field="kernel_size",
        code="E310",
        help=say("padding {more} or more, or kernel_size {fits} or less", more=more, fits=fits)
        if fits >= 1
        else say("padding {more} or more, or fewer strides and poolings before it", more=more),
    )


def size_rules(sizes: Shape, windows: tuple[Window, ...], output: Shape, *, ceil_mode: bool = False) -> list[Rule]:
    """Derive each output size; axes with the same numbers are derived once, under the name of the first."""
    rules: list[Rule] = []
    seen: set[tuple[Window, int]] = set()
    for name, size, window, result in zip(AXIS_NAMES[len(sizes)], sizes, windows, output[1:], strict=True):
        if (window, size) in seen:
            continue
        seen.add((window, size))
        kernel, stride, dilation, before, after = window
        even = before == after
        rounding = "ceil" if ceil_mode else "floor"
        symbol = "2 padding" if even else "before + after"
        number = f"2*{before}" if even else f"{before} + {after}"
        plain = f"{rounding}(({size} + {number} - {dilation}*({kernel} - 1) - 1) / {stride}) + 1"
        note = ""
        if ceil_mode and -(-(size + before + after - window.extent) // stride) + 1 != result:
            plain += " - 1"
            note = say("the last window would start in the padding after the input, so it is left out")
        rules.append(
            Rule(
                f"{name}_out",
                f"{rounding}(({name} + {symbol} - dilation (kernel - 1) - 1) / stride) + 1",
                plain,
                result,
                note,
            )
        )
    return rules
