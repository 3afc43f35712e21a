"""The workings of an output's shape, size by size."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.homework.marks import Value
from cnncalc.homework.workings.parts import Combined, Given, Part, Setting, Slide, Stretch, plain
from cnncalc.homework.workings.products import Others
from cnncalc.homework.workings.working import Worked
from cnncalc.layers.axes import axis_of
from cnncalc.layers.crop import CenterCrop
from cnncalc.layers.merge import Concat
from cnncalc.layers.pixel_shuffle import PixelShuffle
from cnncalc.layers.pool import Pool
from cnncalc.layers.reshape import Flatten
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.layers.upsample import Upsample


class Sizes(NamedTuple):
    """A shape, or one size of it. `shown`: which of the parts are asked for, in order.

    `arranged`: the parts no longer stand where a layer has them, channels first, so that none is found by its place.
    """

    setting: Setting
    parts: tuple[Part, ...]
    shown: tuple[int, ...]
    others: Others = ()
    arranged: bool = False

    @property
    def value(self) -> Value:
        """The sizes asked for."""
        return tuple(plain(self.parts[at].value()) for at in self.shown)

    def worked(self) -> Worked:
        """Return the sizes, and the calculation of each, a comma between them."""
        return Worked(self.value, ", ".join(self.parts[at].text() for at in self.shown))

    @property
    def whole(self) -> bool:
        """Whether the whole shape is asked for."""
        return self.shown == tuple(range(len(self.parts)))

    def putting(self, at: int, part: Part) -> Sizes:
        """Return the shape with another part."""
        return self._replace(parts=(*self.parts[:at], part, *self.parts[at + 1 :]))

    def given(self, *sizes: int) -> Sizes:
        """Return these sizes in place of the whole shape."""
        arranged = len(sizes) != len(self.parts)
        return self._replace(parts=tuple(map(Given, sizes)), shown=tuple(range(len(sizes))), arranged=arranged)


def slides_of(setting: Setting) -> tuple[Slide, ...]:
    """Return how each spatial size follows from the input's, for a layer whose output is the number of its windows."""
    layer = setting.layer
    if isinstance(layer, CenterCrop):
        return ()  # what is cut off follows from the size, not the size from it
    ceil_mode = isinstance(layer, Pool) and layer.ceil_mode
    slides = tuple(
        Slide.of(size, window, ceil_mode) for size, window in zip(setting.entering[1:], setting.windows, strict=False)
    )
    # a layer that lays several inputs side by side has windows too, but they are not what its size comes from
    return slides if tuple(slide.value() for slide in slides) == setting.output[1:] else ()


def sizes_of(setting: Setting, slides: tuple[Slide, ...], shown: tuple[int, ...]) -> Sizes:
    """Return the working of the sizes at `shown` of the output."""
    return Sizes(setting, _parts(setting, slides), shown)


def _parts(setting: Setting, slides: tuple[Slide, ...]) -> tuple[Part, ...]:
    layer, output = setting.layer, setting.output
    given: list[Part] = [Given(size) for size in output]
    if isinstance(layer, Flatten):
        start, end = layer.span(setting.entering)
        given[start] = Combined(setting.entering[start : end + 1])
    elif isinstance(layer, Concat):
        axis = axis_of(layer.dim, output)
        given[axis] = Combined(tuple(shape[axis] for shape in setting.inputs), added=True)
    elif isinstance(layer, ConvTranspose):
        given[1:] = _stretches(setting, layer)
    elif isinstance(layer, Upsample | PixelShuffle):
        given[1:] = _times(setting, layer)
    elif any(window != (1, 1, 1, 0, 0) for window in setting.windows):
        given[1:] = slides or given[1:]
    # where a size is what someone says it is, and not what the layer gives, there is nothing to take apart
    right = tuple(part.value() for part in given) == output
    return tuple(given) if right else tuple(map(Given, output))


def _stretches(setting: Setting, layer: ConvTranspose) -> list[Part]:
    arguments = (layer.padding, layer.kernel_size, layer.stride, layer.dilation, layer.output_padding)
    return [Stretch(*numbers) for numbers in zip(setting.entering[1:], *arguments, strict=False)]


def _times(setting: Setting, layer: Upsample | PixelShuffle) -> list[Part]:
    """Return each size as the input's times a whole number, where it is such."""
    pairs = list(zip(setting.entering[1:], setting.output[1:], strict=False))
    if isinstance(layer, Upsample) and layer.size is not None:
        return [Given(after) for _, after in pairs]
    return [Given(after) if after % before else Combined((before, after // before)) for before, after in pairs]
