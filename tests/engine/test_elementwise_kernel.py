"""Activations, ScaleShift and Combine: each function against float64, each operation against its definition."""

import ctypes
import math

import numpy as np
import pytest
from alone import get, put, run_alone, run_node, run_operations
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels import activations as of
from cnncalc.engine.kernels.elementwise import (
    KINDS,
    LONGEST_LINE,
    PAIRS,
    PASS_COST,
    Activation,
    Combine,
    ScaleShift,
    joined,
    variants,
)
from cnncalc.engine.machine import Machine
from cnncalc.engine.native import fields, native
from cnncalc.engine.plan.assemble import assemble, lay_out
from cnncalc.engine.plan.build_elementwise import batch_norm_scale_shift, clamp_of
from cnncalc.engine.plan.convolving import Finish
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.engine.simd.vector import load, store
from cnncalc.graph import Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import create

TYPES = (
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SiLU", "GELU", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh"),
    *("Mish", "Hardtanh", "Softplus", "Add", "Multiply", "LayerScale"),
    *("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "StochasticDepth", "Identity"),
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
)
SAMPLES = [
    (name, number, sample)
    for name in TYPES
    for number, sample in enumerate(layer_type(name).samples())
    if getattr(create(layer_type(name), sample.arguments), "track_running_stats", True)
]
CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
ROW = np.dtype([("x", "i8"), ("y", "i8"), ("vectors", "i8")])


def applied(function, x):
    """Return a function of one vector, compiled, of each number of x."""

    @native(ROW)
    def kernel(arguments, chunk, scratch):
        p = fields(arguments)
        for at in range(p.vectors):
            store(p.y + 64 * at, function(load(p.x + 64 * at)))

    full = np.pad(x.astype(np.float32), (0, -len(x) % 16))
    y = np.empty_like(full)
    arguments = np.array([(full.ctypes.data, y.ctypes.data, len(full) // 16)], ROW)
    CALL(kernel.address)(arguments.ctypes.data, 0, 0)
    return y[: len(x)]


def each(function):
    return np.vectorize(function, otypes=[np.float64])


def logistic(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


EXACT = {
    of.exp: (np.exp, (-87.3, 88.3)),
    of.expm1_of_negative: (np.expm1, (-104, 0)),
    of.log1p_of_fraction: (np.log1p, (0, 1)),
    of.sigmoid: (each(logistic), (-87, 104)),
    of.tanh: (np.tanh, (-104, 104)),
    of.softplus: (each(softplus), (-87, 104)),
    of.normal_tail: (each(lambda x: math.erfc(x / math.sqrt(2)) / 2), (0, 13)),
    of.silu: (each(lambda x: x * logistic(x)), (-87, 104)),
    of.gelu: (each(lambda x: x * math.erfc(-x / math.sqrt(2)) / 2), (-13, 104)),
    of.mish: (each(lambda x: x * math.tanh(softplus(x))), (-80, 104)),
    of.hardsigmoid: (each(lambda x: min(max(x + 3, 0), 6) / 6), (-104, 104)),
    of.hardswish: (each(lambda x: x * min(max(x + 3, 0), 6) / 6), (-104, 104)),
}
"""Function -> its definition in float64, and over what interval it is exact to few units in the last place."""


def units(y, exact):
    """Return how far off y is, in units of the last place of float32; below the normal numbers of the least of them."""
    return abs(y - exact) / np.spacing(np.maximum(abs(exact), 2.0**-126).astype(np.float32))


@pytest.mark.parametrize("function", EXACT, ids=lambda function: function.__name__)
def test_functions_are_exact_to_a_few_units_in_the_last_place(function):
    exact, (low, high) = EXACT[function]
    rng = np.random.default_rng(0)
    small = rng.choice([-1, 1], 5000) * 10 ** rng.uniform(-38, 2, 5000)
    x = np.concatenate([rng.uniform(low, high, 5000), rng.uniform(-4, 4, 5000), small, [low, high]])
    x = np.clip(x, low, high).astype(np.float32)
    assert units(applied(function, x), exact(x.astype(np.float64))).max() < 4.6


def test_the_tanh_form_of_gelu_is_as_exact_as_its_argument():
    x = np.random.default_rng(0).uniform(-5, 12, 10_000).astype(np.float32)
    wide = x.astype(np.float64)
    w = math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3)
    exact = wide / 2 * (1 + np.tanh(w))
    assert (abs(applied(of.gelu_tanh, x) - exact) <= (2 + 2 * abs(w)) * 2.0**-23 * abs(exact)).all()


LIMITS = {
    of.exp: (math.inf, 0.0),
    of.sigmoid: (1.0, 0.0),
    of.tanh: (1.0, -1.0),
    of.softplus: (math.inf, 0.0),
    of.silu: (math.inf, math.nan),
    of.gelu: (math.inf, math.nan),
    of.gelu_tanh: (math.inf, math.nan),
    of.mish: (math.inf, math.nan),
    of.hardsigmoid: (1.0, 0.0),
    of.hardswish: (math.inf, math.nan),
}
"""What becomes of the two infinities; where the definition is -inf * 0, PyTorch too gives NaN."""


@pytest.mark.parametrize("function", LIMITS, ids=lambda function: function.__name__)
def test_infinities_give_limits_and_nan_stays(function):
    y = applied(function, np.array([math.inf, -math.inf, math.nan, 3e38, -3e38]))
    np.testing.assert_array_equal(y[:3], np.array([*LIMITS[function], math.nan], np.float32))
    assert not np.isnan(y[3:]).any()


def test_exp_is_0_below_the_normal_numbers_and_infinite_at_their_end():
    y = applied(of.exp, np.array([-87.8, -100, -1e30, 88.73, 89, 1e30]))
    np.testing.assert_array_equal(y, np.array([0, 0, 0, math.inf, math.inf, math.inf], np.float32))
    between = applied(of.exp, np.linspace(-87.8, -87.2, 1000))
    assert ((between == 0) | (between >= 2.0**-127)).all()


def test_zero_keeps_its_sign_and_so_does_the_least_number():
    x = np.array([0.0, -0.0, 1e-45, -1e-45], np.float32)
    y = applied(of.tanh, x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(np.signbit(y), np.signbit(x))


def tensors_of(node, rng):
    shapes = node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes)
    drawn = {short: rng.normal(size=shape).astype(np.float32) for short, shape in shapes.items()}
    if "running_var" in drawn:
        drawn["running_var"] = abs(drawn["running_var"]) + np.float32(0.5)
    return {f"{node.name}.{short}": tensor for short, tensor in drawn.items()}


def defined(node, arrays, weights):
    """Return what the definition gives in float64."""
    wide = Tensors({name: tensor.astype(np.float64) for name, tensor in weights.items()}, node.name)
    return OPERATIONS[node.type](node.layer, [array.astype(np.float64) for array in arrays], wide).output


def made(name, arguments, shapes):
    layer = create(layer_type(name), arguments)
    return Node("node", layer, tuple(f"in{at}" for at in range(len(shapes))), shapes, layer.output_shape(shapes))


def close(y, exact):
    np.testing.assert_allclose(y, exact, rtol=0, atol=1e-6 * max(1e-3, float(abs(exact).max())))


@pytest.mark.parametrize(("name", "number", "sample"), SAMPLES, ids=[f"{n}/{i}" for n, i, _ in SAMPLES])
def test_all_forms_of_the_layers_agree_with_their_definitions(name, number, sample):
    rng = np.random.default_rng(number)
    node = made(name, sample.arguments, sample.inputs)
    arrays = [(3 * rng.normal(size=(2, *shape))).astype(np.float32) for shape in sample.inputs]
    weights = tensors_of(node, rng)
    close(run_node(node, arrays, weights), defined(node, arrays, weights))


CHANNELS = st.integers(1, 65)
MAPS = st.builds(lambda c, sizes: (c, *sizes), CHANNELS, st.lists(st.integers(1, 9), max_size=3))
ELEMENTS = ("ReLU6", "LeakyReLU", "SiLU", "LayerScale", "BatchNorm1d", "PReLU")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ELEMENTS), MAPS, st.integers(1, 3), st.integers(1, 2), st.data())
def test_any_shape_batch_and_number_of_threads(name, shape, batch, threads, data):
    shape = shape[:2] if name == "BatchNorm1d" else shape
    arguments = {"num_parameters": data.draw(st.sampled_from([1, shape[0]]))} if name == "PReLU" else {}
    rng = np.random.default_rng(shape[0])
    node = made(name, arguments, (shape,))
    x = (4 * rng.normal(size=(batch, *shape))).astype(np.float32)
    weights = tensors_of(node, rng)
    close(run_node(node, [x], weights, threads=threads), defined(node, [x], weights))


@settings(max_examples=60, deadline=None)
@given(MAPS, st.integers(2, 4), st.integers(1, 2), st.integers(1, 2), st.data())
def test_products_stretch_any_axis_of_any_input(shape, count, batch, threads, data):
    stretched = st.lists(st.booleans(), min_size=len(shape), max_size=len(shape))
    shapes = [shape] + [
        tuple(1 if one else size for one, size in zip(data.draw(stretched), shape, strict=True))
        for _ in range(count - 1)
    ]
    shapes = tuple(data.draw(st.permutations(shapes)))
    rng = np.random.default_rng(shape[0])
    arrays = [rng.normal(size=(batch, *some)).astype(np.float32) for some in shapes]
    node = made("Multiply", {}, shapes)
    close(run_node(node, arrays, threads=threads), defined(node, arrays, {}))


def test_stretched_inputs_without_one_of_the_full_shape():
    arrays = [np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32) for shape in ((1, 4, 1), (20, 1, 5))]
    y = run_alone(lambda *values: Combine("y", values, Value("y", (20, 4, 5), 2), "multiply"), arrays)
    close(y, arrays[0].astype(np.float64) * arrays[1])


@settings(max_examples=30, deadline=None)
@given(CHANNELS, st.integers(2, 4), st.integers(1, 2))
def test_sums_of_several_are_clamped_at_their_end(channels, count, threads):
    arrays = np.random.default_rng(channels).normal(size=(count, 2, channels, 3, 5)).astype(np.float32)
    finish = Finish(-0.5, 1)
    y = run_alone(
        lambda *values: Combine("y", values, Value("y", (channels, 3, 5), 2), "add", finish), arrays, threads=threads
    )
    close(y, np.clip(arrays.astype(np.float64).sum(0), -0.5, 1))


@settings(max_examples=20, deadline=None)
@given(CHANNELS, st.booleans())
def test_scale_shift_with_a_residual_and_bounds(channels, residual):
    arrays = np.random.default_rng(channels).normal(size=(2, 2, channels, 4, 3)).astype(np.float32)[: 1 + residual]
    scale, shift = np.random.default_rng(1).normal(size=(2, channels))
    values = [Value(name, (channels, 4, 3), 2) for name in ("x", "beside")[: 1 + residual]]
    finish = Finish(0, 2, values[1] if residual else None)
    operation = ScaleShift("y", values[0], Value("y", (channels, 4, 3), 2), scale, shift, finish)
    assert operation.reads == tuple(values)
    exact = arrays[0] * scale[:, None, None] + shift[:, None, None] + (arrays[1] if residual else 0)
    close(run_operations([operation], operation.output, values, arrays), np.clip(exact, 0, 2))


@pytest.mark.parametrize("threads", [1, 2])
def test_in_place(threads):
    x = np.random.default_rng(0).normal(size=(2, 40, 60, 50)).astype(np.float32)
    scale, shift = np.random.default_rng(1).normal(size=(2, 40))
    value = Value("x", x.shape[1:], 2)
    operations = [ScaleShift("y", value, value, scale, shift), Activation("z", value, value, "tanh")]
    y = run_operations(operations, value, [value], [x], threads=threads)
    close(y, np.tanh(x * scale[:, None, None] + shift[:, None, None]))


@pytest.mark.parametrize("margin", [((0, 0), (0, 0), (0, 0)), ((1, 0), (2, 1), (0, 3)), ((0, 0), (0, 0), (1, 1))])
def test_margins_are_jumped_over_and_stay_zero(margin):
    x = np.random.default_rng(0).normal(size=(2, 20, 3, 4, 5)).astype(np.float32)
    value, output = Value("x", x.shape[1:], 2), Value("y", x.shape[1:], 2)
    value.want_margin(((0, 1), (1, 0), (2, 2)))
    output.want_margin(margin)
    operation = Activation("y", value, output, "sigmoid")  # of 0 not 0, so that it would show
    program = assemble(lay_out([operation], [value, output], checked=True))
    put(value, program.memory, program.arena, x)
    machine = Machine(program.phases, threads=1)
    machine.run()
    machine.close()
    start = program.memory.address(output) - program.arena.ctypes.data
    whole = program.arena[start : start + output.nbytes].view(np.float32).reshape(2, 2, *output.padded_size, 16)
    kept = np.pad(np.ones((2, 2, 3, 4, 5, 16), bool), [(0, 0), (0, 0), *margin, (0, 0)])
    assert not whole[~kept].any()
    close(get(output, program.memory, program.arena), 1 / (1 + np.exp(-x.astype(np.float64))))


@pytest.mark.parametrize("margin", [((0, 0), (0, 0), (0, 0)), ((1, 0), (2, 1), (0, 3))])
@pytest.mark.parametrize(("channels", "width"), [(1, 1), (5, 2), (8, 7), (8, 8), (9, 7)])
@pytest.mark.parametrize("threads", [1, 2])
def test_pixels_of_few_channels_share_a_vector(channels, width, margin, threads):
    x = np.random.default_rng(0).normal(size=(3, channels, 5, width)).astype(np.float32)
    value, output = Value("x", x.shape[1:], 3), Value("y", x.shape[1:], 3)
    output.want_margin(margin)
    bounds = (-0.5, 0.7)
    activation = Activation("y", value, output, "tanh", bounds=bounds)
    y = run_operations([activation], output, [value], [x], threads=threads)
    close(y, np.clip(np.tanh(x.astype(np.float64)), *bounds))
    there = Activation("y", value, value, "sigmoid")
    close(run_operations([there], value, [value], [x]), 1 / (1 + np.exp(-x.astype(np.float64))))


def test_many_chunks_cover_a_large_map_once():
    x = np.random.default_rng(0).normal(size=(1, 17, 70, 67)).astype(np.float32)
    scale = np.linspace(-2, 2, 17)
    y = run_alone(lambda value: ScaleShift("y", value, Value("y", value.shape, 1), scale, 0 * scale), [x], threads=2)
    close(y, x * scale[:, None, None])


def test_lines_are_joined_where_nothing_lies_between():
    tight, wide = Value("x", (16, 4, 8, 10), 1), Value("x", (16, 4, 8, 10), 1)
    wide.want_margin(((0, 0), (1, 1), (0, 0)))
    assert joined(tight.size, [tight.place(0)]) == (1, 1, 320)
    assert joined(tight.size, [tight.place(0), wide.place(0)]) == (4, 1, 80)
    wide.want_margin(((0, 0), (0, 0), (0, 1)))
    assert joined(tight.size, [tight.place(0), wide.place(0)]) == (4, 8, 10)
    long = Value("x", (16, 2, LONGEST_LINE), 1)
    assert joined(long.size, [long.place(0)]) == (1, 2, LONGEST_LINE)


def test_tiny_tensors_are_one_chunk():
    for operation in (
        Activation("y", Value("x", (100,), 1), Value("y", (100,), 1), "sigmoid"),
        Combine("y", [Value("x", (16, 4, 4), 1)] * 2, Value("y", (16, 4, 4), 1), "add"),
    ):
        program = assemble(lay_out([operation], [*operation.inputs, operation.output]))
        assert [step.chunks for phase in program.phases for step in phase] == [1]


def test_what_only_clamps_is_known():
    def bounds(name, **arguments):
        return clamp_of(made(name, arguments, ((3, 4),)))

    assert bounds("ReLU") == (0, math.inf)
    assert bounds("ReLU6") == (0, 6)
    assert bounds("Hardtanh", min_val=-2, max_val=3) == (-2, 3)
    assert bounds("LeakyReLU") is None
    x, y = Value("x", (3,), 1), Value("y", (3,), 1)
    assert Activation("y", x, y, "clamp", bounds=(0, 6)).clamp == (0, 6)
    assert Activation("y", x, y, "silu").clamp is None


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_becomes_a_scale_and_a_shift_in_double_precision(affine):
    node = made("BatchNorm2d", {"affine": affine, "eps": 0.1}, ((5, 3, 3),))
    rng = np.random.default_rng(0)
    weights = tensors_of(node, rng)
    scale, shift = batch_norm_scale_shift(Draft(weights, 1), node)
    x = rng.normal(size=(1, 5, 3, 3))
    exact = defined(node, [x], weights)
    np.testing.assert_allclose(x * scale[:, None, None] + shift[:, None, None], exact, rtol=1e-13, atol=1e-13)


def test_a_kernel_for_each_kind():
    kernels = variants()
    costly = sum(kind.parameters == 0 and kind.cost > PASS_COST for kind in KINDS.values())
    assert len(set(kernels)) == len(kernels) == len(KINDS) + costly + 2 + 2 * len(PAIRS)
