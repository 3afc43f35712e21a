"""A sentence on one layer -> its graph: `input 32x32x3, ten 5x5 filters, stride 1, padding 2`.

    3x32x32 input, 10 filters of 5x5, no bias           input 224x224x64, max pooling 2x2, stride 2
    input 300x300x3, fully connected, 100 units         输入 32x32x3，10 个 5x5 卷积核，步幅 1，填充 2

What is said of it may come in any order. Two sizes are one channel, unless channels are named (`RGB`, `3 channels`).
Of three sizes the two that are alike are height and width (224x224x64, 64x56x56); else a size of 1 to 4 at one end is
the channels (200x300x3); else nobody can tell, and the order is asked for: `(channels first)`, `CHW`, `HWC`.
A pooling without a stride steps by its window. Before a fully connected layer a map is flattened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.graph import Graph
from cnncalc.homework.assignment.lone_words import Found, Phrase, read_words
from cnncalc.spec.load import loads
from cnncalc.text import say, shape_text

SOURCE = "<layer>"

POOLS = {"max": "MaxPool", "average": "AvgPool", "global average": "GlobalAvgPool", "global max": "GlobalMaxPool"}

Line = tuple[str, str]
"""A line of the spec, and the name of the phrase that it comes from."""


def lone_layer(sentence: str) -> Graph:
    """Return the graph of the layer that a sentence describes, in English or Chinese.

    Raises CnncalcError with the place in the sentence of what cannot be read, is missing or does not fit.
    """
    found = read_words(sentence, SOURCE)
    layer = _Layer(sentence, found)
    lines = layer.lines()
    try:
        return loads("\n".join(line for line, _ in lines), source=SOURCE)
    except CnncalcError as error:
        moved = [_moved(problem, sentence, found, lines) for problem in error.diagnostics]
        raise CnncalcError(moved, {SOURCE: sentence}) from None


def _moved(problem: Diagnostic, sentence: str, found: Found, lines: list[Line]) -> Diagnostic:
    """Put a problem of the spec that was made where the sentence says what is wrong."""
    name = lines[problem.span.line - 1][1] if problem.span and problem.span.line <= len(lines) else ""
    phrase = found.get(name)
    return problem._replace(span=_span(sentence, phrase), labels=(), calls=())


def _span(sentence: str, phrase: Phrase | None) -> Span:
    start, end = (phrase.start, phrase.end) if phrase else (0, len(sentence))
    return Span(SOURCE, 1, start + 1, 1, end + 1)


class _Layer:
    """Puts what was said together into a spec."""

    def __init__(self, sentence: str, found: Found) -> None:
        self.sentence = sentence
        self.found = found

    def lines(self) -> list[Line]:
        shape = self.input()
        kind = self.kind()
        axes = len(shape) - 1
        lines = [
            (f"name: {json.dumps(self.sentence.strip(), ensure_ascii=False)}", ""),
            (f"input: {list(shape)}", "input" if "input" in self.found else "length"),
            ("layers:", ""),
        ]
        if kind == "linear":
            flatten = [("- Flatten", "kind")] if axes else []
            return [*lines, *flatten, ("- type: Linear", "kind"), *self.linear()]
        if kind == "norm":
            return [*lines, (f"- type: BatchNorm{max(axes, 1)}d", "kind")]
        if kind in POOLS:
            return [*lines, (f"- type: {POOLS[kind]}{axes or 1}d", "kind"), *self.pool(kind, axes)]
        return [*lines, (f"- type: Conv{axes or 1}d", "kind"), *self.conv(shape)]

    def kind(self) -> str:
        if "kind" in self.found:
            kind = str(self.found["kind"].value)
        elif not self.found.keys().isdisjoint(("filters", "depthwise", "kernel")):
            kind = "conv"
        elif "units" in self.found:
            kind = "linear"
        else:
            help = say("write ten 5x5 filters, max pooling 2x2, fully connected with 100 units, or batch norm")
            raise self.error(say("the sentence names no layer"), help)
        self.refuse_others(kind)
        return kind

    def refuse_others(self, kind: str) -> None:
        """Refuse what the kind of layer does not have, so that nothing said is passed over."""
        window = {"kernel", "stride", "padding"}
        known: Mapping[str, set[str]] = {
            "conv": {*window, "filters", "dilation", "groups", "depthwise", "bias"},
            "max": {*window, "dilation", "ceil"},
            "average": {*window, "ceil"},
            "linear": {"units", "bias"},
        }
        everywhere = {"kind", "axes", "input", "channels", "length", "order"}
        for name, phrase in self.found.items():
            if name not in known.get(kind, set()) | everywhere:
                text = self.sentence[phrase.start : phrase.end]
                help = say("remove it, or write a sentence a layer")
                raise self.error(say("{text} does not belong to this layer", text=text), help, phrase)

    def input(self) -> tuple[int, ...]:
        """Return the input's shape, channels first."""
        channels = self.numbers("channels")
        length = self.numbers("length")
        sizes = self.numbers("input") or length
        if not sizes:
            help = say("write its size: input 32x32x3, or 3x32x32 input")
            raise self.error(say("the sentence names no input"), help)
        axes = self.numbers("axes")
        if len(sizes) == 1:
            is_vector = not length and not channels and not axes
            return sizes if is_vector else (*(channels or (1,)), *sizes)
        wanted = axes[0] if axes else max(len(sizes) - 1, 2)
        if len(sizes) == wanted:
            return (*(channels or (1,)), *sizes)
        shape = self.ordered(sizes)
        if channels and shape[0] != channels[0]:
            message = say(
                "the input {shape} has {count} channels, and {channels} are named",
                shape=shape_text(sizes),
                count=shape[0],
                channels=channels[0],
            )
            help = say("write the order of the sizes: (channels first) or (channels last)")
            raise self.error(message, help, self.found["channels"])
        return shape

    def ordered(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the sizes channels first, by what is said, or by what they look like."""
        front, back = sizes[0], sizes[-1]
        last = (back, *sizes[:-1])
        order = self.found.get("order")
        if order:
            return last if order.value == "last" else sizes
        if len(sizes) > 2:
            alike_before, alike_after = len(set(sizes[:-1])) == 1, len(set(sizes[1:])) == 1
            if alike_before or alike_after:
                return sizes if alike_after else last
        if (front <= 4) != (back <= 4):
            return sizes if front <= 4 else last
        message = say("{shape}: which of the sizes is the channels?", shape=shape_text(sizes))
        help = say("write {shape} (channels first) or {shape} (channels last)", shape=shape_text(sizes))
        raise self.error(message, help, self.found["input"])

    def conv(self, shape: tuple[int, ...]) -> list[Line]:
        """Return the arguments of a convolution."""
        if "kernel" not in self.found:
            raise self.error(say("the size of the filters is missing"), say("write 5x5 filters"))
        depthwise = "depthwise" in self.found
        filters = self.numbers("filters")
        if not filters and not depthwise:
            raise self.error(say("the number of filters is missing"), say("write 10 filters of 5x5"))
        if depthwise and self.numbers("groups") not in ((), (shape[0],)):
            help = say("leave the groups out: depthwise is a group a channel")
            raise self.error(say("depthwise contradicts the groups"), help, self.found["groups"])
        count = filters[0] if filters else shape[0]
        groups = str(shape[0]) if depthwise else self.argument("groups")
        lines = [(f"  out_channels: {count}", "filters"), (f"  kernel_size: {self.kernel(shape, groups)}", "kernel")]
        lines += [
            (f"  {name}: {self.argument(name)}", name)
            for name in ("stride", "padding", "dilation")
            if name in self.found
        ]
        if groups:
            lines.append((f"  groups: {groups}", "depthwise" if depthwise else "groups"))
        return lines + self.bias()

    def kernel(self, shape: tuple[int, ...], groups: str) -> str:
        """Return the window; `5x5x3` names the channels it goes through too, which must be those of the input."""
        sizes = [*self.numbers("kernel")]
        if len(sizes) != len(shape) or len(sizes) < 2:
            return self.argument("kernel")
        depth = shape[0] // int(groups or 1)
        if sizes[-1] == depth:
            return str(sizes[:-1])
        if sizes[0] == depth and len(set(sizes[1:])) == 1:
            return str(sizes[1:])
        message = say("{kernel} filters do not go through {count} channels", kernel=shape_text(sizes), count=depth)
        raise self.error(message, say("write the height and width of the filters alone"), self.found["kernel"])

    def pool(self, kind: str, axes: int) -> list[Line]:
        """Return the arguments of a pooling."""
        if kind.startswith("global"):
            return []
        if "kernel" not in self.found:
            raise self.error(say("the size of the pooling window is missing"), say("write max pooling 2x2"))
        names = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation"}
        lines = [(f"  {own}: {self.argument(name)}", name) for name, own in names.items() if name in self.found]
        return [*lines, ("  ceil_mode: true", "ceil")] if "ceil" in self.found else lines

    def linear(self) -> list[Line]:
        """Return the arguments of a fully connected layer."""
        units = self.numbers("units")
        if not units:
            raise self.error(say("the number of units is missing"), say("write fully connected, 100 units"))
        return [(f"  out_features: {units[0]}", "units"), *self.bias()]

    def bias(self) -> list[Line]:
        return [(f"  bias: {json.dumps(self.found['bias'].value)}", "bias")] if "bias" in self.found else []

    def argument(self, name: str) -> str:
        """Return an argument as a spec writes it: a number, a list, or a word."""
        phrase = self.found.get(name)
        if phrase is None:
            return ""
        if isinstance(phrase.value, tuple):
            return str(phrase.value[0] if len(phrase.value) == 1 else list(phrase.value))
        return str(phrase.value)

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return the numbers said of `name`; none where nothing is said."""
        phrase = self.found.get(name)
        return phrase.value if phrase and isinstance(phrase.value, tuple) else ()

    def error(self, message: str, help: str, phrase: Phrase | None = None) -> CnncalcError:
        span = _span(self.sentence, phrase)
        return CnncalcError([Diagnostic("E528", message, span, help)], {SOURCE: self.sentence})
