"""The geometry of sliding windows, written once: sizes, taps on real data, and which input positions a unit sees.

Every rule here is for one axis. Symbols: n input size, k kernel_size, s stride, d dilation, p padding (before, after).
The size rule is PyTorch's (torch.nn.Conv2d, MaxPool2d), with ceil_mode as PyTorch and ONNX (AveragePool-19) apply it.
Of a layer whose output is finer than its input see `Spread` and `Sampling`.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple


class Window(NamedTuple):
    """A kernel sliding along one axis: output y meets input positions `y*stride - before + t*dilation`, t < kernel."""

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @property
    def extent(self) -> int:
        """How many input positions the kernel spans: d (k - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def output_size(self, size: int, ceil_mode: bool = False) -> int:
        """Return how many positions fit into `size`: floor((n + p - extent) / s) + 1; 0 or less where none does.

        With `ceil_mode` a last window, also where it is the only one, may hang over the end by less than a stride, but
        must start within the input or the padding before it.
        """
        room = size + self.before + self.after - self.extent
        if not ceil_mode:
            return room // self.stride + 1 if room >= 0 else 0
        count = -(-room // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= size + self.before else count

    def taps_inside(self, size: int, count: int) -> int:
        """Return, over `count` output positions, how many kernel taps meet real data and not padding."""
        total = 0
        for tap in range(self.kernel):
            first, last = self.outputs_meeting(tap * self.dilation - self.before, size, count)
            total += max(0, last - first + 1)
        return total

    def outputs_meeting(self, offset: int, size: int, count: int) -> tuple[int, int]:
        """Return the first and last output y < count whose tap at `y*stride + offset` lies in 0..size-1."""
        first = max(0, -(offset // self.stride))
        last = min(count - 1, (size - 1 - offset) // self.stride)
        return first, last

    def sees(self, output: int) -> range:
        """Return the inputs that output `output` meets, as if there were more of them at both ends."""
        first = output * self.stride - self.before
        return range(first, first + self.extent, self.dilation)

    @property
    def period(self) -> tuple[int, int]:
        """So many outputs on, the same is seen so many inputs on."""
        return 1, self.stride


class Bins(NamedTuple):
    """Adaptive pooling along one axis: bin i of `bins` covers floor(i n / bins) to ceil((i + 1) n / bins) - 1."""

    size: int
    bins: int

    def bounds(self, index: int) -> tuple[int, int]:
        """Return the first and last input position of bin `index`."""
        return index * self.size // self.bins, -(-(index + 1) * self.size // self.bins) - 1

    def sees(self, output: int) -> range:
        """Return the input positions of bin `output`."""
        first, last = self.bounds(output)
        return range(first, last + 1)

    @property
    def period(self) -> tuple[int, int]:
        """So many bins on, the same is seen so many inputs on."""
        common = gcd(self.size, self.bins)
        return self.bins // common, self.size // common

    def window(self) -> Window | None:
        """Return the window it amounts to where all bins are alike, else None."""
        if self.size % self.bins:
            return None
        step = self.size // self.bins
        return Window(kernel=step, stride=step)


class Whole(NamedTuple):
    """Every output position sees all `size` input positions of the axis."""

    size: int


class Spread(NamedTuple):
    """A kernel laid down at every stride-th place of a finer axis, as a transposed convolution does.

    Input i adds to the outputs `i*stride - before + t*dilation`, t < kernel; `before` and `after` are cut off the ends,
    and `after` below 0 is the output_padding that was added there.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    def output_size(self, size: int) -> int:
        """Return (n - 1) s + d (k - 1) + 1 - p, which is 0 or less where all is cut off."""
        return (size - 1) * self.stride + self.dilation * (self.kernel - 1) + 1 - self.before - self.after

    def taps_kept(self, size: int, count: int) -> int:
        """Return, over `size` inputs, how many taps land on one of the `count` outputs, and not on what is cut off."""
        # read backwards it is a window that slides over the outputs
        return Window(self.kernel, self.stride, self.dilation, self.before).taps_inside(count, size)

    def sees(self, output: int) -> range:
        """Return the inputs that add to `output`, as if there were more of them at both ends."""
        common = gcd(self.stride, self.dilation)
        place = output + self.before
        if place % common:
            return range(0)
        every = self.stride // common  # every so many taps, an input lies under one
        first = place // common * pow(self.dilation // common, -1, every) % every
        if first >= self.kernel:
            return range(0)
        last = first + (self.kernel - 1 - first) // every * every
        nearest, farthest = ((place - tap * self.dilation) // self.stride for tap in (first, last))
        return range(farthest, nearest + 1, self.dilation // common)

    def seen(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last input that may add to any of the outputs `first` to `last`.

        With dilation 1 all between them do, and the first is above the last where there is none.
        """
        reach = self.dilation * (self.kernel - 1)
        return -((reach - self.before - first) // self.stride), (last + self.before) // self.stride

    @property
    def period(self) -> tuple[int, int]:
        """So many outputs on, the same is seen so many inputs on."""
        return self.stride, 1


class Sampling(NamedTuple):
    """An axis read at evenly spaced places: output o lies at `(o*step + shift) / parts` of an input of this `size`.

    It sees the position below that, and where it lies between two, also `lead` before that and `trail` behind it. What
    would lie outside is the nearest position inside.
    """

    size: int
    step: int
    shift: int
    parts: int
    lead: int = 0
    trail: int = 0

    def sees(self, output: int) -> range:
        """Return the inputs that output `output` is made of, as if there were more of them at both ends."""
        below, rest = divmod(output * self.step + self.shift, self.parts)
        return range(below - self.lead, below + self.trail + 1) if rest else range(below, below + 1)

    @property
    def period(self) -> tuple[int, int]:
        """So many outputs on, the same is seen so many inputs on."""
        common = gcd(self.step, self.parts)
        return self.parts // common, self.step // common


Axis = Window | Bins | Whole | Spread | Sampling
"""What an output position sees of one axis."""


class Windows(NamedTuple):
    """Spatial axis by spatial axis, what an output position sees of the same input axes.

    Of a vector, the one axis is that of its features, or there is none and each feature sees itself. `mode` is what the
    padding holds. `statistics`: beyond itself, a position sees an axis that is Whole only through a mean and variance.
    """

    axes: tuple[Axis, ...]
    mode: str = "zeros"
    statistics: bool = False

    @staticmethod
    def identity(axes: int) -> Windows:
        """Each position sees itself only."""
        return _IDENTITIES[axes]


class Everything(NamedTuple):
    """Every output element sees every input element (Linear, Softmax over a vector)."""


class Blocks(NamedTuple):
    """Of a vector: each element sees all of its own block of `size` neighbours, which are laid end to end."""

    size: int


class Reindexed(NamedTuple):
    """Each output element is one input element at another index: axes `start` to `end` laid end to end, row-major."""

    start: int
    end: int


class Split(NamedTuple):
    """Each output element is one input element at another index: `axis` taken apart into axes of `sizes`, row-major."""

    axis: int
    sizes: tuple[int, ...]


class Reduced(NamedTuple):
    """Each output element sees all of the input along `axes` (0: the channels), which the output does not have."""

    axes: tuple[int, ...]


class SizeOnly(NamedTuple):
    """Nothing is seen of the input: only its size is read."""


Seen = Windows | Everything | Blocks | Reindexed | Split | Reduced
Relation = Seen | SizeOnly


def along(axis: int, window: Window, rank: int) -> Windows:
    """Return `window` along one axis of a shape of `rank` axes (0: the channels, or a vector's features)."""
    if rank == 1:
        return Windows((window,))
    if axis == 0:
        return Windows.identity(rank - 1)
    return Windows(tuple(window if at == axis else Window() for at in range(1, rank)))


_IDENTITIES = [Windows((Window(),) * axes) for axes in range(4)]
