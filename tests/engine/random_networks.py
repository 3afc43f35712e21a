"""Random networks for the plan's passes: residuals, gates, dense blocks, slices, heads, and whatever else they join."""

from __future__ import annotations

import numpy as np
from networks import Line, build

from cnncalc.graph import INPUT, Graph
from cnncalc.layers import layer_type
from cnncalc.layers.base import LayerError, create

CHANNELS = (1, 3, 5, 8, 16, 16, 16, 20, 32, 32, 48)
"""Mostly whole blocks: only those are joined without copying."""
POINTWISE = (
    "ReLU",
    "ReLU",
    "ReLU",
    "ReLU6",
    "LeakyReLU",
    "Dropout",
    "Identity",
    "BatchNorm",
    "BatchNorm",
    "LayerScale",
)


class _Author:
    """Writes a network line by line; `shapes` are the shapes of what there is, in order."""

    def __init__(self, rng: np.random.Generator, axes: int) -> None:
        self.rng = rng
        self.axes = axes
        shape = (int(rng.choice(CHANNELS)), *(int(n) for n in rng.integers(4, 12 if axes < 3 else 8, axes)))
        self.shapes: dict[str, tuple[int, ...]] = {INPUT: shape}
        self.lines: list[Line] = []

    def pick(self, *choices: object) -> object:
        return choices[self.rng.integers(len(choices))]

    def value(self) -> str:
        """Something there is, what is new more often than what is old."""
        names = list(self.shapes)
        return names[max(0, len(names) - 1 - int(self.rng.exponential(1.5)))]

    def like(self, name: str) -> str:
        """Something of the same shape."""
        return str(self.pick(*(one for one, shape in self.shapes.items() if shape == self.shapes[name])))

    def beside(self, name: str) -> str:
        """Something with as many axes and the same sizes but for the channels."""
        wanted = self.shapes[name][1:]
        return str(self.pick(*(one for one, shape in self.shapes.items() if shape[1:] == wanted and shape)))

    def add(self, kind: str, arguments: dict[str, object], *inputs: str) -> str | None:
        layer = create(layer_type(kind), arguments)
        try:
            shape = layer.output_shape(tuple(self.shapes[name] for name in inputs))
        except LayerError:
            return None
        if np.prod(shape) > 40_000:
            return None
        name = f"{kind.lower()}{len(self.lines)}"
        self.shapes[name] = shape
        self.lines.append((name, kind, arguments, inputs))
        return name

    def convolution(self, x: str, out: int | None = None) -> str | None:
        channels = self.shapes[x][0]
        out = out or int(self.rng.choice(CHANNELS))
        kernel = int(self.pick(1, 1, 3, 3, 3, 2, 5))
        more: dict[str, object] = {"padding": (kernel - 1) // 2 if kernel != 2 else int(self.pick(0, 1))}
        if self.rng.random() < 0.15:
            more["stride"] = 2
        if self.rng.random() < 0.1:
            more |= {"dilation": 2, "padding": kernel - 1}
        if self.rng.random() < 0.2:
            more["groups"] = channels
            out = channels
        if self.rng.random() < 0.3:
            more["bias"] = False
        return self.add(f"Conv{self.axes}d", {"out_channels": out, "kernel_size": kernel, **more}, x)

    def pointwise(self, x: str) -> str | None:
        kind = str(self.pick(*POINTWISE))
        if kind == "BatchNorm":
            kind = f"BatchNorm{max(1, len(self.shapes[x]) - 1)}d"
        return self.add(kind, {"init_value": 1} if kind == "LayerScale" else {}, x)

    def step(self) -> None:
        """Add a layer or a pattern."""
        x = self.value()
        is_map = len(self.shapes[x]) == self.axes + 1
        kinds = [self._pointwise, self._combine, self._concat, self._slice]
        kinds += (
            [self._convolve, self._convolve, self._residual, self._pool, self._flatten] if is_map else [self._dense]
        )
        kinds[self.rng.integers(len(kinds))](x)

    def _pointwise(self, x: str) -> None:
        self.pointwise(x)

    def _convolve(self, x: str) -> None:
        y = self.convolution(x)
        for _ in range(int(self.rng.integers(0, 3))):
            y = y and self.pointwise(y)

    def _residual(self, x: str) -> None:
        """y = f(x) + x, or of something else of that shape; and perhaps an activation behind it, or a second reader."""
        y = self.convolution(x, self.shapes[x][0])
        if y and self.rng.random() < 0.4:
            y = self.pointwise(y)
        if y is None or self.shapes[y] != self.shapes[x]:
            return
        pair = [y, x if self.rng.random() < 0.7 else self.like(x)]
        y = self.add("Add", {}, *(pair if self.rng.random() < 0.5 else pair[::-1]))
        if y and self.rng.random() < 0.6:
            self.pointwise(y)

    def _combine(self, x: str) -> None:
        kind = str(self.pick("Add", "Add", "Multiply"))
        count = int(self.pick(2, 2, 2, 3))
        self.add(kind, {}, x, *(self.like(x) for _ in range(count - 1)))

    def _concat(self, x: str) -> None:
        if len(self.shapes[x]) > 2 and self.rng.random() < 0.15:
            self.add("Concat", {"dim": -1}, x, self.like(x))
        else:
            self.add("Concat", {}, x, *(self.beside(x) for _ in range(int(self.rng.integers(1, 4)))))

    def _slice(self, x: str) -> None:
        channels = self.shapes[x][0]
        if self.rng.random() < 0.2 and channels % 2 == 0 and len(self.shapes[x]) > 1:
            self.add("ChannelShuffle", {"groups": 2}, x)
            return
        at = int(self.pick(16, 16, 32, channels // 2))
        self.add("Slice", {"end": at} if self.rng.random() < 0.5 else {"start": at}, x)

    def _pool(self, x: str) -> None:
        kind = str(self.pick("Max", "Avg", "Global", "Gate"))
        if kind == "Gate":
            gate = self.add(f"GlobalAvgPool{self.axes}d", {}, x)
            gate = gate and self.add("Sigmoid", {}, gate)
            if gate:
                self.add("Multiply", {}, *self.rng.permutation([x, gate]).tolist())
        elif kind == "Global":
            self.add(f"GlobalAvgPool{self.axes}d", {}, x)
        else:
            self.add(f"{kind}Pool{self.axes}d", {"kernel_size": 3, "stride": int(self.pick(1, 2)), "padding": 1}, x)

    def _flatten(self, x: str) -> None:
        y = self.add("Flatten", {}, x)
        for _ in range(int(self.rng.integers(0, 3))):
            y = y and self._dense(y)

    def _dense(self, x: str) -> str | None:
        kind = str(self.pick("Linear", "Linear", "ReLU", "Dropout", "Softmax", "Sigmoid"))
        return self.add(kind, {"out_features": int(self.pick(5, 16, 32))} if kind == "Linear" else {}, x)


def random_network(seed: int, most: int = 14) -> Graph:
    """Return the network of a seed: 1 to `most` steps over one, two or three axes, sometimes with a second output."""
    rng = np.random.default_rng(seed)
    author = _Author(rng, int(rng.choice([1, 2, 2, 2, 2, 3])))
    for _ in range(int(rng.integers(1, most + 1))):
        author.step()
    if not author.lines:
        author.add("Dropout", {}, INPUT)
    heads = []
    if rng.random() < 0.4 and len(author.shapes) > 2:
        heads.append(("aux", bool(rng.random() < 0.2), [("aux.pass", "Identity", {}, (author.value(),))]))
    return build(author.shapes[INPUT], *author.lines, heads=heads)
