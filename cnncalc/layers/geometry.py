"""The geometry of sliding windows, written once: sizes, taps on real data, and which input positions a unit sees.

Every rule here is for one axis. Symbols: n input size, k kernel_size, s stride, d dilation, p padding (before, after).
The size rule is PyTorch's (torch.nn.Conv2d, MaxPool2d), with ceil_mode as PyTorch and ONNX (AveragePool-19) apply it.
"""

from __future__ import annotations

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


class Bins(NamedTuple):
    """Adaptive pooling along one axis: bin i of `bins` covers floor(i n / bins) to ceil((i + 1) n / bins) - 1."""

    size: int
    bins: int

    def bounds(self, index: int) -> tuple[int, int]:
        """Return the first and last input position of bin `index`."""
        return index * self.size // self.bins, -(-(index + 1) * self.size // self.bins) - 1

    def window(self) -> Window | None:
        """Return the window it amounts to where all bins are alike, else None."""
        if self.size % self.bins:
            return None
        step = self.size // self.bins
        return Window(kernel=step, stride=step)


class Whole(NamedTuple):
    """Every output position sees all `size` input positions of the axis."""

    size: int


class Windows(NamedTuple):
    """Spatial axis by spatial axis, what an output position sees of the same input axes.

    Of a vector, the one axis is that of its features, or there is none and each feature sees itself. `mode` is what the
    padding holds. `statistics`: beyond itself, a position sees an axis that is Whole only through a mean and variance.
    """

    axes: tuple[Window | Bins | Whole, ...]
    mode: str = "zeros"
    statistics: bool = False

    @staticmethod
    def identity(axes: int) -> Windows:
        """Each position sees itself only."""
        return _IDENTITIES[axes]


class Everything(NamedTuple):
    """Every output element sees every input element (Linear, Softmax over a vector)."""


class Reindexed(NamedTuple):
    """Each output element is one input element at another index: axes `start` to `end` laid end to end, row-major."""

    start: int
    end: int


class Reduced(NamedTuple):
    """Each output element sees all of the input along `axes` (0: the channels), which the output does not have."""

    axes: tuple[int, ...]


Relation = Windows | Everything | Reindexed | Reduced


def along(axis: int, window: Window, rank: int) -> Windows:
    """Return `window` along one axis of a shape of `rank` axes (0: the channels, or a vector's features)."""
    if rank == 1:
        return Windows((window,))
    return Windows(tuple(window if at == axis else Window() for at in range(1, rank)))


_IDENTITIES = [Windows((Window(),) * axes) for axes in range(4)]
