"""Every layer type: its samples work, its bad samples are refused where they err, and its derivations are true."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from math import prod
from typing import Any

import pytest

from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.layers.base import BadSample, Layer, LayerError, Rule, Sample, argument_fields, create
from cnncalc.layers.geometry import (
    Bins,
    Blocks,
    Everything,
    Reduced,
    Reindexed,
    Sampling,
    SizeOnly,
    Split,
    Spread,
    Whole,
    Window,
    Windows,
)
from cnncalc.layers.pool import Pool


def uses() -> Iterator[Any]:
    for name in LAYERS:
        for index, sample in enumerate(layer_type(name).samples()):
            yield pytest.param(layer_type(name), sample, id=f"{name}-{index}")


def misuses() -> Iterator[Any]:
    for name in LAYERS:
        for index, sample in enumerate(layer_type(name).bad_samples()):
            yield pytest.param(layer_type(name), sample, id=f"{name}-{index}-{sample.field}")


def arithmetic(numbers: str) -> float:
    """The value of a derivation's numbers, by Python's own arithmetic."""
    return eval(numbers, {"__builtins__": {}, "floor": math.floor, "ceil": math.ceil})


def elements(tensors: dict[str, tuple[int, ...]]) -> int:
    return sum(prod(shape) for shape in tensors.values())


@pytest.mark.parametrize("name", LAYERS)
def test_a_type_states_everything(name: str) -> None:
    kind = layer_type(name)
    assert kind.__name__ == name
    assert issubclass(kind, Layer)
    assert not getattr(kind, "__abstractmethods__", None)
    assert kind.__doc__
    assert kind.formula
    assert kind.short.isidentifier()
    assert kind.samples()
    assert kind.bad_samples()
    assert all(field.metadata["doc"] for _, field in argument_fields(kind).values())
    assert CANONICAL[name.casefold()] == name


@pytest.mark.parametrize("name", LAYERS)
def test_the_samples_use_every_argument(name: str) -> None:
    kind = layer_type(name)
    used = {argument for sample in kind.samples() for argument in sample.arguments}
    # what changes neither a shape nor a count, and so is for the engine's tests to vary
    unchanging = {"inplace", "momentum", "init", "p", "beta", "k"}
    assert set(argument_fields(kind)) - used <= unchanging


@pytest.mark.parametrize(("kind", "sample"), list(uses()))
def test_a_sample_works(kind: type[Layer], sample: Sample) -> None:
    layer = create(kind, sample.arguments)
    assert hash(layer) == hash(create(kind, sample.arguments))
    output = layer.output_shape(sample.inputs)
    assert output and all(isinstance(size, int) and size >= 1 for size in output)
    for tensors in (layer.parameters(sample.inputs), layer.buffers(sample.inputs)):
        assert all(isinstance(size, int) and size >= 1 for shape in tensors.values() for size in shape)
    counts = layer.quantities(sample.inputs, output)
    assert 0 <= counts.padded_mac <= counts.mac
    assert counts.bias_add in (0, prod(output))
    assert len(layer.windows(sample.inputs, output)) == len(sample.inputs)


@pytest.mark.parametrize(("kind", "sample"), list(uses()))
def test_derivations_are_true(kind: type[Layer], sample: Sample) -> None:
    layer = create(kind, sample.arguments)
    output = layer.output_shape(sample.inputs)
    learned = layer.parameter_rule(sample.inputs)
    assert arithmetic(learned.numbers) == learned.value == elements(layer.parameters(sample.inputs))
    work = layer.mac_rule(sample.inputs, output)
    assert arithmetic(work.numbers) == work.value == layer.quantities(sample.inputs, output).mac
    for rule in layer.shape_rules(sample.inputs, output):
        assert arithmetic(rule.numbers) == rule.value, rule
        assert rule.value in output


@pytest.mark.parametrize(("kind", "sample"), list(uses()))
def test_every_size_that_changes_is_derived(kind: type[Layer], sample: Sample) -> None:
    layer = create(kind, sample.arguments)
    output = layer.output_shape(sample.inputs)
    derived = {rule.value for rule in layer.shape_rules(sample.inputs, output)}
    stretched = {max(sizes) for sizes in zip(*sample.inputs, strict=False)}  # Multiply takes the largest of each axis
    filters = {layer.out_channels} if hasattr(layer, "out_channels") else set()
    assert set(output) <= derived | stretched | filters


@pytest.mark.parametrize(("kind", "sample"), list(misuses()))
def test_a_bad_sample_is_refused(kind: type[Layer], sample: BadSample) -> None:
    with pytest.raises(LayerError) as caught:
        create(kind, sample.arguments).output_shape(sample.inputs)
    assert caught.value.field == sample.field
    assert str(caught.value)
    assert "{" not in str(caught.value) + caught.value.help
    assert caught.value.code[:2] in ("E2", "E3")


@pytest.mark.parametrize("name", LAYERS)
def test_an_argument_of_the_wrong_kind_is_refused(name: str) -> None:
    kind = layer_type(name)
    sample = kind.samples()[0]
    for argument in argument_fields(kind):
        for value in (object(), "nonsense", float("nan"), float("inf"), 2**53 + 1, [], [[[]]]):
            with pytest.raises(LayerError) as caught:
                create(kind, {**sample.arguments, argument: value})
            assert caught.value.field == argument
    with pytest.raises(LayerError):
        create(kind, {**sample.arguments, "nonsense": 1})


@pytest.mark.parametrize(("kind", "sample"), list(uses()))
def test_one_input_more_is_refused_unless_it_joins(kind: type[Layer], sample: Sample) -> None:
    layer = create(kind, sample.arguments)
    if kind.many_inputs:
        layer.output_shape([*sample.inputs, sample.inputs[0]])
    else:
        with pytest.raises(LayerError) as caught:
            layer.output_shape([*sample.inputs, sample.inputs[0]])
        assert caught.value.field == "from"


@pytest.mark.parametrize("name", [name for name in LAYERS if layer_type(name).axes])
def test_on_a_map_of_other_axes_a_type_that_exists_is_named(name: str) -> None:
    layer = create(layer_type(name), layer_type(name).samples()[0].arguments)
    for shape in ((4,), (4, 8), (4, 8, 8), (4, 8, 8, 8)):
        try:
            layer.output_shape([shape])
        except LayerError as error:
            if error.help.startswith("use "):
                assert error.help.split()[1].rstrip(",") in LAYERS


# -- geometry, against windows laid out one by one


def places(size: int, window: Window) -> list[list[int]]:
    """The input positions each window covers, by sliding it over the padded axis until it no longer fits."""
    padded = range(-window.before, size + window.after)
    found: list[list[int]] = []
    start = padded.start
    while True:
        taps = [start + tap * window.dilation for tap in range(window.kernel)]
        if taps[-1] >= padded.stop:
            return found
        found.append(taps)
        start += window.stride


def laid(size: int, spread: Spread) -> list[list[int]]:
    """The inputs that add to each output, by laying every tap of every input down and cutting the ends off."""
    extra = max(0, spread.before - spread.after)
    length = (size - 1) * spread.stride + spread.dilation * (spread.kernel - 1) + 1 + extra
    found: list[list[int]] = [[] for _ in range(length)]
    for source in range(size):
        for tap in range(spread.kernel):
            found[source * spread.stride + tap * spread.dilation].append(source)
    return found[spread.before : length - spread.before]


GRID = [
    (size, Window(kernel, stride, dilation, before, after))
    for size in (1, 2, 5, 8)
    for kernel in (1, 2, 3, 5)
    for stride in (1, 2, 3)
    for dilation in (1, 2, 3)
    for before in (0, 1, 3)
    for after in (0, 2)
]


def test_sizes_and_taps_agree_with_windows_laid_out() -> None:
    for size, window in GRID:
        laid = places(size, window)
        assert window.output_size(size) == len(laid), (size, window)
        real = sum(0 <= position < size for taps in laid for position in taps)
        assert window.taps_inside(size, len(laid)) == real, (size, window)


SPREADS = [
    (size, Spread(kernel, stride, dilation, before, before - extra))
    for size in (1, 2, 5)
    for kernel in (1, 2, 3, 5)
    for stride in (1, 2, 3, 4)
    for dilation in (1, 2, 3, 4)
    for before in (0, 1, 3)
    for extra in range(max(stride, dilation))
]


def test_transposed_sizes_taps_and_what_outputs_see_agree_with_kernels_laid_down() -> None:
    for size, spread in SPREADS:
        outputs = laid(size, spread)
        assert max(0, spread.output_size(size)) == len(outputs), (size, spread)
        assert spread.taps_kept(size, len(outputs)) == sum(map(len, outputs)), (size, spread)
        for at, inputs in enumerate(outputs):
            assert [one for one in spread.sees(at) if 0 <= one < size] == inputs, (size, spread, at)
        if not outputs or spread.dilation > 1:
            continue
        for first in range(len(outputs)):
            for last in range(first, len(outputs)):
                met = sorted({one for inputs in outputs[first : last + 1] for one in inputs})
                low, high = spread.seen(first, last)
                assert list(range(max(0, low), min(size - 1, high) + 1)) == met, (size, spread, first, last)


def test_transposed_windows_repeat_after_a_period() -> None:
    for _, spread in SPREADS:
        outputs, inputs = spread.period
        for at in range(3 * outputs):
            assert [one + inputs for one in spread.sees(at)] == list(spread.sees(at + outputs))


def test_ceil_mode_adds_a_window_that_starts_on_data() -> None:
    """PyTorch: windows may go off-bounds if they start within the left padding or the input."""
    for size, window in GRID:
        laid = places(size, window)
        if not laid or max(window.before, window.after) > window.extent // 2:
            continue  # no pooling layer has such padding
        covered = laid[-1][-1] + 1
        following = laid[-1][0] + window.stride
        expected = len(laid) + (covered < size + window.after and following < size)
        assert window.output_size(size, ceil_mode=True) == expected, (size, window)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "count"),
    [(9, 4, 4, 2, 3), (5, 2, 2, 1, 3), (32, 1, 2, 0, 16), (112, 3, 2, 0, 56)],
)
def test_published_ceil_mode_sizes(size: int, kernel: int, stride: int, padding: int, count: int) -> None:
    window = Window(kernel, stride, 1, padding, padding)
    assert window.output_size(size, ceil_mode=True) == count


def test_ceil_mode_is_derived_with_its_exception() -> None:
    """5 positions, 2 wide, 2 apart, padding 1: the fourth window would start in the padding after the input."""
    kind = layer_type("MaxPool1d")
    layer = create(kind, {"kernel_size": 2, "padding": 1, "ceil_mode": True})
    (rule,) = layer.shape_rules([(1, 5)], layer.output_shape([(1, 5)]))
    assert rule == Rule(rule.left, rule.symbols, "ceil((5 + 2*1 - 1*(2 - 1) - 1) / 2) + 1 - 1", 3, rule.note)
    assert "left out" in rule.note


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("count", range(1, 12))
def test_bins_cover_the_axis(size: int, count: int) -> None:
    bins = Bins(size, count)
    bounds = [bins.bounds(index) for index in range(count)]
    assert bounds == [(math.floor(i * size / count), math.ceil((i + 1) * size / count) - 1) for i in range(count)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == size - 1
    assert {position for first, last in bounds for position in range(first, last + 1)} == set(range(size))
    window = bins.window()
    assert window or size % count
    if window:
        assert [(taps[0], taps[-1]) for taps in places(size, window)] == bounds


@pytest.mark.parametrize(("kind", "sample"), list(uses()))
def test_windows_fit_their_input(kind: type[Layer], sample: Sample) -> None:
    """Slid over the input, a layer's windows give the output's size; ceil_mode may add one."""
    layer = create(kind, sample.arguments)
    output = layer.output_shape(sample.inputs)
    for shape, relation in zip(sample.inputs, layer.windows(sample.inputs, output), strict=True):
        if isinstance(relation, Everything | Blocks | Reindexed | Split | Reduced | SizeOnly):
            continue
        assert isinstance(relation, Windows)
        first = 0 if len(output) == 1 and relation.axes else 1  # a vector has the axis of its features, or none
        for size, count, axis in zip(shape[first:], output[first:], relation.axes, strict=True):
            if isinstance(axis, Window):
                extra = isinstance(layer, Pool) and layer.ceil_mode
                assert len(places(size, axis)) <= count <= len(places(size, axis)) + extra
            elif isinstance(axis, Bins):
                assert axis == Bins(size, count)
            elif isinstance(axis, Spread):
                assert len(laid(size, axis)) == count
            elif isinstance(axis, Sampling):
                assert axis.size == size and axis.sees(0)[-1] >= 0 and axis.sees(count - 1)[0] < size
            else:
                assert axis == Whole(size)


def test_with_ceil_mode_the_only_window_may_hang_over() -> None:
    """By less than a stride, as torch.nn.MaxPool2d: ceil((n - k) / s) + 1 outputs, also where n < k."""
    pool = create(layer_type("MaxPool2d"), {"kernel_size": 3, "stride": 2, "ceil_mode": True})
    assert pool.output_shape([(1, 2, 5)]) == (1, 1, 2)
    with pytest.raises(LayerError, match="does not fit"):
        pool.output_shape([(1, 1, 5)])


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [5, 6, 7])
def test_same_keeps_the_size_and_onnx_divides_it(kernel: int, size: int) -> None:
    """PyTorch's `same` puts the odd unit after; ONNX's SAME_UPPER too, SAME_LOWER before; outputs ceil(n / stride)."""
    kind = layer_type("Conv1d")
    same = create(kind, {"out_channels": 1, "kernel_size": kernel, "padding": "same"})
    assert same.output_shape([(1, size)]) == (1, size)
    (relation,) = same.windows([(1, size)], (1, size))
    assert isinstance(relation, Windows)
    window = relation.axes[0]
    assert isinstance(window, Window)
    assert (window.before, window.after) == ((kernel - 1) // 2, kernel - 1 - (kernel - 1) // 2)
    for stride in (1, 2, 3):
        sides: list[tuple[int, int]] = []
        for word in ("same_upper", "same_lower"):
            layer = create(kind, {"out_channels": 1, "kernel_size": kernel, "stride": stride, "padding": word})
            output = layer.output_shape([(1, size)])
            assert output == (1, math.ceil(size / stride))
            (relation,) = layer.windows([(1, size)], output)
            assert isinstance(relation, Windows) and isinstance(relation.axes[0], Window)
            sides.append((relation.axes[0].before, relation.axes[0].after))
        assert sides[0] == sides[1][::-1]
        assert sides[0][1] - sides[0][0] in (0, 1)


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        # by hand: 4 in, 6 out, 5x5 with padding 1 and 3x3 kernels: of 25 windows' 225 taps, 13 * 13 meet data
        ({"out_channels": 6, "kernel_size": 3, "padding": 1}, (6 * 4 * 225, 6 * 4 * (225 - 169), 6 * 25)),
        ({"out_channels": 6, "kernel_size": 3, "bias": False}, (6 * 4 * 81, 0, 0)),
        ({"out_channels": 4, "kernel_size": 3, "groups": 4}, (4 * 81, 0, 36)),
        # circular padding holds data, so no product is on a zero
        (
            {"out_channels": 6, "kernel_size": 3, "padding": 1, "padding_mode": "circular", "bias": False},
            (6 * 4 * 225, 0, 0),
        ),
    ],
)
def test_counts_by_hand(arguments: dict[str, Any], counts: tuple[int, int, int]) -> None:
    layer = create(layer_type("Conv2d"), arguments)
    inputs = [(4, 5, 5)]
    assert tuple(layer.quantities(inputs, layer.output_shape(inputs))) == counts


@pytest.mark.parametrize(
    ("arguments", "shape", "counts"),
    [
        # by hand: 4 channels of 5x5 to 6, 2x2 kernels that do not overlap: every product is kept
        ({"out_channels": 6, "kernel_size": 2, "stride": 2}, (6, 10, 10), (4 * 6 * 4 * 25, 0, 600)),
        # 3x3 kernels at every position reach 7x7; padding 1 keeps the middle 5x5: of 5*3 taps an axis 2 are cut off
        ({"out_channels": 6, "kernel_size": 3, "padding": 1}, (6, 5, 5), (4 * 6 * 225, 4 * 6 * (225 - 169), 150)),
        ({"out_channels": 4, "kernel_size": 3, "groups": 4, "bias": False}, (4, 7, 7), (4 * 225, 0, 0)),
        # one more row and column at the end catches the tap that padding would have cut off there
        (
            {"out_channels": 1, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "bias": False},
            (1, 10, 10),
            (4 * 225, 4 * (225 - 14 * 14), 0),
        ),
    ],
)
def test_transposed_counts_by_hand(
    arguments: dict[str, Any], shape: tuple[int, ...], counts: tuple[int, int, int]
) -> None:
    layer = create(layer_type("ConvTranspose2d"), arguments)
    assert layer.output_shape([(4, 5, 5)]) == shape
    assert tuple(layer.quantities([(4, 5, 5)], shape)) == counts


def test_a_transposed_convolution_undoes_the_size_of_a_convolution() -> None:
    """With the same arguments, and output_padding for what the stride left over (torch.nn.ConvTranspose2d's note)."""
    for kernel, stride, padding, dilation, size in itertools.product((1, 2, 3), (1, 2, 3), (0, 1), (1, 2), (7, 8, 9)):
        more: dict[str, Any] = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        smaller = create(layer_type("Conv1d"), {"out_channels": 1, **more}).output_shape([(1, size)])
        rest = (size + 2 * padding - dilation * (kernel - 1) - 1) % stride
        back = create(layer_type("ConvTranspose1d"), {"out_channels": 1, "output_padding": rest, **more})
        assert back.output_shape([smaller]) == (1, size)


@pytest.mark.parametrize(
    ("size", "kept", "start"),
    # torchvision's int(round((height - crop) / 2.0)): halves go to the even number
    [
        (8, 4, 2),
        (5, 4, 0),
        (7, 4, 2),
        (9, 4, 2),
        (11, 4, 4),
        (64, 56, 4),
        (136, 104, 16),
        (280, 200, 40),
        (568, 392, 88),
    ],
)
def test_a_crop_starts_where_torchvisions_does(size: int, kept: int, start: int) -> None:
    layer = create(layer_type("CenterCrop"), {"size": kept})
    (relation,) = layer.windows([(1, size)], (1, kept))
    assert isinstance(relation, Windows)
    assert relation.axes == (Window(before=-start, after=start + kept - size),)


def test_a_crop_to_the_size_of_another() -> None:
    layer = create(layer_type("CenterCrop"), {})
    assert layer.output_shape([(64, 9, 8), (3, 4, 7)]) == (64, 4, 7)
    cropped, like = layer.windows([(64, 9, 8), (3, 4, 7)], (64, 4, 7))
    assert isinstance(cropped, Windows) and isinstance(like, SizeOnly)


@pytest.mark.parametrize(
    ("size", "factor", "result"),
    # the last as PyTorch has it: 100*0.29 is 28.999999999999996 in double precision
    [(5, 2, 10), (5, 1.5, 7), (9, 0.5, 4), (3, 2.4, 7), (100, 0.29, 28)],
)
def test_upsampled_sizes_are_rounded_down(size: int, factor: float, result: int) -> None:
    layer = create(layer_type("Upsample"), {"scale_factor": factor})
    assert layer.output_shape([(1, size)]) == (1, result)
    (rule,) = layer.shape_rules([(1, size)], (1, result))
    assert ("28.99" in rule.note) == (factor == 0.29)


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        # nearest: floor(o / 2); floor(o 3/5)
        ({"scale_factor": 2}, [[0], [0], [1], [1], [2], [2]]),
        ({"size": 5}, [[0], [0], [1], [1], [2]]),
        # linear, (o + 1/2)/2 - 1/2: -1/4, 1/4, 3/4, 5/4, 7/4, 9/4
        ({"scale_factor": 2, "mode": "linear"}, [[-1, 0], [0, 1], [0, 1], [1, 2], [1, 2], [2, 3]]),
        # linear, (o + 1/2)/3 - 1/2: each third output lies on an input
        ({"size": 9, "mode": "linear"}, [[-1, 0], [0], [0, 1], [0, 1], [1], [1, 2], [1, 2], [2], [2, 3]]),
        # the corners coincide: o 2/4
        ({"size": 5, "mode": "linear", "align_corners": True}, [[0], [0, 1], [1], [1, 2], [2]]),
    ],
)
def test_what_an_upsampling_reads_by_hand(arguments: dict[str, Any], seen: list[list[int]]) -> None:
    layer = create(layer_type("Upsample"), arguments)
    (relation,) = layer.windows([(1, 3)], layer.output_shape([(1, 3)]))
    assert isinstance(relation, Windows) and isinstance(relation.axes[0], Sampling)
    assert [list(relation.axes[0].sees(at)) for at in range(len(seen))] == seen


def test_full_local_and_shared_connections_side_by_side() -> None:
    """One 5x5 kernel from 28x28 to 24x24: 26 numbers shared, 26 a unit without sharing, 784 weights and a bias each."""
    layer: Any = create(layer_type("Conv2d"), {"out_channels": 1, "kernel_size": 5})
    assert layer.sharing([(1, 28, 28)], (1, 24, 24)) == {
        "convolution": 26,
        "locally_connected": 576 * 26,
        "fully_connected": 576 * 785,
    }


def test_batch_norm_stores_four_numbers_a_channel() -> None:
    layer = create(layer_type("BatchNorm2d"), {})
    inputs = [(8, 2, 2)]
    assert (elements(layer.parameters(inputs)), elements(layer.buffers(inputs))) == (2 * 8, 2 * 8)


def test_huge_channels_are_exact() -> None:
    layer = create(layer_type("Conv2d"), {"out_channels": 10**9, "kernel_size": 3})
    inputs = [(10**9, 1000, 1000)]
    output = layer.output_shape(inputs)
    assert layer.quantities(inputs, output).mac == 10**18 * 9 * 998 * 998
