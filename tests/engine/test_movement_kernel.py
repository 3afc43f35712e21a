"""Moving numbers: exact, whatever the channels, the layout, the margins and the threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from alone import get, put, run_alone, run_operations
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.copies import MOST_CHUNKS, chunk_count
from cnncalc.engine.kernels.movement import Channels, Concat, CopyIn, CopyOut, Reorder, variants
from cnncalc.engine.machine import Machine
from cnncalc.engine.plan.assemble import GUARD, assemble, lay_out
from cnncalc.engine.plan.build_movement import pad_for
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.unread import without_unread
from cnncalc.engine.plan.value import LANES, NO_MARGIN, PLAIN, Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import create

PADS = {"Zero": "constant", "Constant": "constant", "Reflection": "reflect", "Replication": "edge", "Circular": "wrap"}
MOVES = [
    *("Concat", "Unflatten", "Slice", "ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "CenterCrop"),
    *(f"{kind}Pad{axes}d" for kind in PADS for axes in (1, 2, 3)),
]

channel_counts = st.one_of(st.integers(1, 70), st.sampled_from([16, 32, 48, 64]))
batches = st.integers(1, 3)
threads_used = st.integers(1, 2)
layouts = st.sampled_from([PLAIN, LANES])
sides = st.tuples(st.integers(0, 2), st.integers(0, 3))
margins = st.one_of(st.just(NO_MARGIN), st.tuples(sides, sides, sides))
spatial = st.lists(st.integers(1, 9), max_size=3).map(tuple)


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def node_of(kind: str, arguments: Mapping[str, object], shapes: Sequence[tuple[int, ...]], name: str = "node") -> Node:
    layer = create(layer_type(kind), dict(arguments))
    sources = tuple(f"in{at}" for at in range(len(shapes)))
    return Node(name, layer, sources, tuple(shapes), layer.output_shape(tuple(shapes)))


def values_of(arrays: Sequence[np.ndarray], lanes: int, margin: object) -> list[Value]:
    values = [Value(f"in{at}", a.shape[1:], len(a), lanes) for at, a in enumerate(arrays)]
    for value in values:
        value.want_margin(margin)
    return values


def run(
    node: Node, arrays: Sequence[np.ndarray], *, lanes: int = LANES, margin: object = NO_MARGIN, threads: int = 1
) -> np.ndarray:
    values = values_of(arrays, lanes, NO_MARGIN)
    draft = Draft({}, len(arrays[0]))
    output = BUILDERS[node.type](draft, node, values)
    for value in (*values, output) if draft.operations else ():
        value.want_margin(margin)
    return run_operations(draft.operations, output, values, arrays, threads=threads)


def expected_of(node: Node, arrays: Sequence[np.ndarray]) -> np.ndarray:
    return OPERATIONS[node.type](node.layer, [x.astype(np.float64) for x in arrays], Tensors({}, node.name)).output


def check(kind: str, arguments: Mapping[str, object], arrays: Sequence[np.ndarray], **how: object) -> None:
    node = node_of(kind, arguments, [x.shape[1:] for x in arrays])
    assert np.array_equal(run(node, arrays, **how), expected_of(node, arrays))


@pytest.mark.parametrize("kind", MOVES)
def test_every_sample_of_the_layers(kind: str):
    for sample in layer_type(kind).samples():
        arrays = [numbers(2, *shape) for shape in sample.inputs]
        check(kind, sample.arguments, arrays, threads=2)
        check(kind, sample.arguments, arrays, lanes=PLAIN, margin=((0, 0), (1, 0), (0, 2)))


@settings(max_examples=60, deadline=None)
@given(channel_counts, spatial, batches, layouts, margins, threads_used)
def test_copies_in_and_out(channels, size, batch, lanes, margin, threads):
    x = numbers(batch, channels, *size)
    value = Value("x", x.shape[1:], batch, lanes)
    value.want_margin(margin)
    enter, leave = CopyIn("in", value), CopyOut("out", value)
    program = assemble(lay_out([enter, leave], [value], checked=True))
    got = np.full((x.size + 2 * LANES,), 5, np.float32)
    enter.source_row["source"] = x.ctypes.data
    leave.target_row["target"] = got[LANES:].ctypes.data
    machine = Machine(program.phases, threads=threads, scratch_bytes=program.layout.scratch_bytes)
    machine.run()
    machine.close()
    assert np.array_equal(get(value, program.memory, program.arena), x)
    assert np.array_equal(got[LANES:-LANES].reshape(x.shape), x)
    assert (got[:LANES] == 5).all() and (got[-LANES:] == 5).all(), "a write outside of the caller's array"
    for name, first, last in program.guards:
        assert (program.arena[first:last].view(np.uint32) == GUARD).all(), f"a write outside of {name}"


def test_what_is_copied_out_holds_no_pad_lanes():
    value = Value("x", (3, 40, 50), 2)
    leave = CopyOut("out", value)
    program = assemble(lay_out([leave], [value]))
    x, got = numbers(2, 3, 40, 50), np.zeros((2, 3, 40, 50), np.float32)
    put(value, program.memory, program.arena, x)
    leave.target_row["target"] = got.ctypes.data
    machine = Machine(program.phases, threads=1, scratch_bytes=program.layout.scratch_bytes)
    machine.run()
    machine.close()
    assert np.array_equal(got, x)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.randoms(), batches, layouts, layouts, margins)
def test_reorder_keeps_row_major_order(sizes, random, batch, from_lanes, to_lanes, margin):
    sizes = [sizes[0] * 5, *sizes[1:]]
    shape = random.sample(sizes, len(sizes))
    if len(shape) > 1 and random.random() < 0.5:
        shape = [shape[0] * shape[1], *shape[2:]]
    x = numbers(batch, *sizes)
    value = values_of([x], from_lanes, margin)[0]
    output = Value("y", tuple(shape), batch, to_lanes)
    output.want_margin(margin)
    got = run_operations([Reorder("y", value, output)], output, [value], [x], threads=2)
    assert np.array_equal(got, x.reshape(batch, *shape))


@settings(max_examples=50, deadline=None)
@given(st.lists(channel_counts, min_size=2, max_size=4), spatial, batches, layouts, margins, threads_used)
def test_concat_over_channels(counts, size, batch, lanes, margin, threads):
    arrays = [numbers(batch, channels, *size) for channels in counts]
    check("Concat", {}, arrays, lanes=lanes, margin=margin, threads=threads)


@settings(max_examples=25, deadline=None)
@given(channel_counts, st.lists(st.integers(1, 6), min_size=1, max_size=3), st.data(), layouts, margins)
def test_concat_in_space(channels, size, data, lanes, margin):
    axis = data.draw(st.integers(0, len(size) - 1))
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=3))
    arrays = [numbers(2, channels, *size[:axis], length, *size[axis + 1 :]) for length in lengths]
    check("Concat", {"dim": axis + 2}, arrays, lanes=lanes, margin=margin)


@settings(max_examples=50, deadline=None)
@given(channel_counts, spatial, st.data(), batches, layouts, margins)
def test_slices(channels, size, data, batch, lanes, margin):
    shape = (channels, *size)
    axis = data.draw(st.integers(0, len(size)))
    start = data.draw(st.one_of(st.integers(0, shape[axis] - 1), st.just(16 if shape[axis] > 16 else 0)))
    end = data.draw(st.integers(start + 1, shape[axis]))
    arguments = {"dim": axis + 1, "start": start, "end": end, "step": data.draw(st.integers(1, 3))}
    check("Slice", arguments, [numbers(batch, *shape)], lanes=lanes, margin=margin)


def test_a_slice_that_begins_with_a_block_is_no_work():
    node = node_of("Slice", {"start": 32, "end": 55}, [(64, 3, 3)])
    draft, x = Draft({}, 1), Value("x", (64, 3, 3), 1)
    view = BUILDERS["Slice"](draft, node, [x])
    assert not draft.operations
    assert (view.root, view.offset_blocks, view.shape) == (x, 2, (23, 3, 3))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 24), st.integers(1, 6), spatial.filter(bool), batches, layouts)
def test_channel_shuffles(share, groups, size, batch, lanes):
    check("ChannelShuffle", {"groups": groups}, [numbers(batch, share * groups, *size)], lanes=lanes, threads=2)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(1, 2), st.booleans())
def test_a_shuffle_of_a_concat_reads_what_the_concat_reads(channels, threads, aligned):
    """ShuffleNet's unit: two branches, laid together, shuffled, and taken apart for the next unit."""
    channels = channels * 16 if aligned else channels
    arrays = [numbers(2, channels, 3, 4), numbers(1 + 1, channels, 3, 4) * 2]
    draft, values = Draft({}, 2), values_of(arrays, LANES, NO_MARGIN)
    both = (2 * channels, 3, 4)
    joined = BUILDERS["Concat"](draft, node_of("Concat", {}, [(channels, 3, 4)] * 2, "concat"), values)
    mixed = BUILDERS["ChannelShuffle"](draft, node_of("ChannelShuffle", {"groups": 2}, [both], "mix"), [joined])
    half = node_of("Slice", {"start": channels}, [both], "half")
    output = BUILDERS["Slice"](draft, half, [mixed])
    left = without_unread(draft.operations, [output])
    assert [operation.name for operation in left] == ["half"]
    assert isinstance(left[0], Channels) and left[0].inputs == tuple(values)
    whole = np.concatenate(arrays, axis=1).reshape(2, 2, channels, 3, 4).swapaxes(1, 2).reshape(2, *both)
    assert np.array_equal(run_operations(left, output, values, arrays, threads=threads), whole[:, channels:])


def test_what_is_read_in_part_is_not_left_out():
    x, y = Value("x", (32, 2, 2), 1), Value("y", (32, 2, 2), 1)
    draft = Draft({}, 1)
    draft.add(Channels("y", [x], y, np.arange(32)[::-1]))
    part = Value("part", (16, 2, 2), 1)
    part.parent, part.first_block = y, 1
    flat = draft.add(Reorder("flat", part, Value("flat", (64,), 1)))
    draft.add(Reorder("unread", part, Value("unread", (64,), 1)))
    assert [operation.name for operation in without_unread(draft.operations, [flat])] == ["y", "flat"]
    assert [operation.name for operation in without_unread(draft.operations, [part])] == ["y"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PADS)),
    channel_counts,
    st.lists(st.integers(3, 6), min_size=1, max_size=3),
    st.data(),
    batches,
    layouts,
    margins,
)
def test_padding_as_numpy_has_it(kind, channels, size, data, batch, lanes, margin):
    pairs = data.draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * len(size)))
    arguments = {"padding": [side for pair in reversed(pairs) for side in pair]}
    more = {"constant_values": 1.5} if kind == "Constant" else {}
    x = numbers(batch, channels, *size)
    node = node_of(f"{kind}Pad{len(size)}d", {**arguments, **({"value": 1.5} if more else {})}, [x.shape[1:]])
    expected = np.pad(x, [(0, 0), (0, 0), *pairs], PADS[kind], **more)
    assert np.array_equal(run(node, [x], lanes=lanes, margin=margin, threads=2), expected)


@pytest.mark.parametrize(("mode", "like"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
@pytest.mark.parametrize("shape", [(20, 6), (20, 5, 6), (20, 4, 5, 6)])
def test_padding_for_a_convolution(mode: str, like: str, shape: tuple[int, ...]):
    kind = f"Conv{len(shape) - 1}d"
    node = node_of(kind, {"out_channels": 4, "kernel_size": 3}, [shape])
    padding = ((0, 0), (0, 0), (1, 2), (2, 0), (1, 1))[len(shape) - 2 :][:3]
    padding = ((0, 0),) * (4 - len(shape)) + tuple(padding[: len(shape) - 1])
    x = numbers(2, *shape)
    draft, values = Draft({}, 2), values_of([x], LANES, NO_MARGIN)
    output = pad_for(draft, node, values[0], padding, mode)
    got = run_operations(draft.operations, output, values, [x])
    assert np.array_equal(got, np.pad(x, [(0, 0), (0, 0), *padding[4 - len(shape) :]], like))
    assert pad_for(draft, node, values[0], NO_MARGIN, mode) is values[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), batches, layouts, margins)
def test_pixel_shuffles(channels, factor, height, width, batch, lanes, margin):
    fine, coarse = (channels, height * factor, width * factor), (channels * factor**2, height, width)
    check("PixelShuffle", {"upscale_factor": factor}, [numbers(batch, *coarse)], lanes=lanes, margin=margin)
    check("PixelUnshuffle", {"downscale_factor": factor}, [numbers(batch, *fine)], lanes=lanes, margin=margin)


def test_large_maps_are_shared_among_threads():
    x = numbers(1, 40, 130, 120)
    for threads in (1, 2):
        for lanes in (PLAIN, LANES):
            output = Value("y", (120, 130, 40), 1, lanes)
            got = run_alone(lambda value, y=output: Reorder("y", value, y), [x], threads=threads)
            assert np.array_equal(got, x.reshape(1, 120, 130, 40))
    halves = [numbers(1, 30, 130, 120), numbers(1, 25, 130, 120)]
    joined = run_alone(lambda *both: Concat("y", both, Value("y", (55, 130, 120), 1)), halves, threads=2)
    assert np.array_equal(joined, np.concatenate(halves, 1))


def test_tiny_work_is_one_chunk_and_large_work_is_many():
    assert chunk_count(1000, 1000) == 1
    assert chunk_count(1, 1 << 30) == 1
    assert chunk_count(1000, 1 << 30) == MOST_CHUNKS


def test_infinity_and_nan_move_as_they_are():
    x = numbers(1, 21, 4, 4)
    x[0, 3, 1, 1], x[0, 17, 2, 2] = np.inf, np.nan
    node = node_of("ChannelShuffle", {"groups": 3}, [(21, 4, 4)])
    assert np.array_equal(run(node, [x]), expected_of(node, [x]), equal_nan=True)


def test_all_kernels_compile():
    assert all(kernel.address for kernel in variants())
