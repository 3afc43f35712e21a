"""Running whole graphs: order, lifetimes, peak memory, records, random and inline tensors, refusals."""

import gc
import weakref

import numpy as np
import pytest
from networks import build, conv

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine import memory
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import inline_weights, random_input, random_weights, tensor_shapes
from cnncalc.spec.load import loads

LENET = build(
    (1, 28, 28),
    conv("conv1", 6, 5, padding=2),
    ("sigmoid1", "Sigmoid", {}),
    ("pool1", "AvgPool2d", {"kernel_size": 2}),
    conv("conv2", 16, 5),
    ("pool2", "AvgPool2d", {"kernel_size": 2}),
    ("flatten", "Flatten", {}),
    ("fc1", "Linear", {"out_features": 120}),
    ("fc2", "Linear", {"out_features": 84}),
    ("fc3", "Linear", {"out_features": 10}),
)


def run(graph, batch=1, dtype=np.float32, **more):
    return execute(graph, random_input(graph, batch, 0, dtype), random_weights(graph, 0, dtype), **more)


def test_lenet_has_its_published_parameters():
    """LeNet-5's table: 156 + 2,416 + 48,120 + 10,164 + 850 = 61,706, here as held by the kernels."""
    sizes = {step.node.name: sum(int(np.prod(s)) for s in step.held.values()) for step in run(LENET).steps if step.held}
    assert sizes == {"conv1": 156, "conv2": 2416, "fc1": 48120, "fc2": 10164, "fc3": 850}


def test_counts_do_not_depend_on_the_batch():
    def counts(batch):
        return [(step.node.name, step.shape, step.mac, step.padded_mac, step.held) for step in run(LENET, batch).steps]

    assert counts(1) == counts(3)
    assert counts(1)[0] == (
        "conv1",
        (6, 28, 28),
        117_600,
        117_600 - 6 * (28 * 5 - 6) ** 2,
        {"weight": (6, 1, 5, 5), "bias": (6,)},
    )


def test_each_image_of_a_batch_is_computed_alone():
    x = random_input(LENET, 3)
    weights = random_weights(LENET)
    whole = execute(LENET, x, weights).outputs["fc3"]
    one = execute(LENET, x[1:2], weights).outputs["fc3"]
    np.testing.assert_array_equal(whole[1:2], one)


def test_peak_of_a_chain_is_the_widest_pair():
    # conv1 -> sigmoid1 is the widest place: both 6x28x28.
    assert run(LENET).peak_bytes == 4 * 2 * 6 * 28 * 28
    assert run(LENET, 5).peak_bytes == 5 * 4 * 2 * 6 * 28 * 28
    assert run(LENET, 1, np.float64).peak_bytes == 8 * 2 * 6 * 28 * 28


def test_peak_keeps_what_a_shortcut_needs():
    graph = build(
        (4, 8, 8),
        ("a", "ReLU", {}),
        ("b", "ReLU", {}),
        ("c", "ReLU", {}),
        ("sum", "Add", {}, ["c", "a"]),
        ("small", "GlobalAvgPool2d", {}),
    )
    # While c runs, a (for the sum), b and c are alive; while the sum runs, c, a and the sum.
    assert run(graph).peak_bytes == 3 * 4 * 4 * 8 * 8


def test_peak_keeps_outputs_of_heads_to_the_end():
    heads = [
        ("aux", False, [("aux.fc", "Linear", {"out_features": 100})]),
        ("no", True, [("no.fc", "Linear", {"out_features": 9})]),
    ]
    graph = build((10,), ("a", "ReLU", {}), heads=heads)
    ran = run(graph)
    assert list(ran.outputs) == ["a", "aux.fc"]
    assert ran.peak_bytes == 4 * (10 + 100)
    assert "no.fc.weight" not in tensor_shapes(graph)


def test_arrays_are_dropped_after_their_last_use():
    dead = []
    alive_at = {}

    def watch(step, output):
        weakref.finalize(output, dead.append, step.node.name)

    def look(node):
        alive_at[node.name] = list(dead)

    graph = build(
        (2, 6, 6),
        ("a", "ReLU", {}),
        ("b", "ReLU", {}),
        ("c", "Flatten", {}),
        ("d", "Dropout", {}),
        ("e", "Add", {}, ["d", "c"]),
    )
    gc.disable()  # nothing may wait for the collector
    try:
        run(graph, after_step=watch, before_step=look)
    finally:
        gc.enable()
    assert alive_at == {"a": [], "b": [], "c": ["a"], "d": ["a", "b"], "e": ["a", "b"]}


def test_each_output_is_a_fresh_array():
    kept = []
    graph = build(
        (2, 4, 4),
        ("id", "Identity", {}),
        ("drop", "Dropout", {}),
        ("pad", "ZeroPad2d", {"padding": 0}),
        ("flat", "Flatten", {}),
    )
    run(graph, after_step=lambda step, output: kept.append(output))
    assert not any(np.may_share_memory(a, b) for a in kept for b in kept if a is not b)


def test_ctrl_c_stops_between_layers():
    ran = []

    def interrupt(node):
        if node.name == "pool1":
            raise KeyboardInterrupt
        ran.append(node.name)

    with pytest.raises(KeyboardInterrupt):
        run(LENET, before_step=interrupt)
    assert ran == ["conv1", "sigmoid1"]


@pytest.mark.parametrize("shape", [(1, 1, 28, 27), (1, 28, 28), (0, 1, 28, 28)])
def test_an_input_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="network takes"):
        execute(LENET, np.zeros(shape, np.float32), random_weights(LENET))


def test_a_tensor_of_another_shape_never_reaches_a_kernel():
    weights = random_weights(LENET)
    weights["fc1.weight"] = np.zeros((120, 399), np.float32)
    with pytest.raises(ValueError, match="fc1"):
        execute(LENET, random_input(LENET), weights)


def test_a_layer_more_changes_no_other_tensor():
    more = build((1, 28, 28), conv("conv0", 1, 1), *[(n.name, n.type, _arguments(n)) for n in LENET.nodes])
    ours, theirs = random_weights(LENET, 7), random_weights(more, 7)
    assert set(theirs) - set(ours) == {"conv0.weight", "conv0.bias"}
    for name, tensor in ours.items():
        np.testing.assert_array_equal(tensor, theirs[name])


def _arguments(node):
    given = {
        "conv1": {"out_channels": 6, "kernel_size": 5, "padding": 2},
        "conv2": {"out_channels": 16, "kernel_size": 5},
    }
    if node.type == "Linear":
        return {"out_features": node.layer.out_features}
    return given.get(node.name, {"kernel_size": 2} if "pool" in node.name else {})


def test_seeds_differ_and_repeat():
    a, b, again = random_weights(LENET, 1), random_weights(LENET, 2), random_weights(LENET, 1)
    assert not np.array_equal(a["fc3.weight"], b["fc3.weight"])
    np.testing.assert_array_equal(a["fc3.weight"], again["fc3.weight"])
    double = random_weights(LENET, 1, np.float64)["fc3.weight"]
    assert double.dtype == np.float64
    np.testing.assert_array_equal(double.astype(np.float32), a["fc3.weight"])


def test_he_initialisation_keeps_the_scale():
    weight = random_weights(build((64, 8, 8), conv("c", 128, 3)))["c.weight"]
    assert weight.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.01)


def test_inline_tensors_take_the_place_of_random_ones():
    tensors = {"input": [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], "c.weight": [[[[1, 0], [0, -1]]]], "c.bias": [10]}
    graph = build((1, 3, 3), conv("c", 1, 2), tensors=tensors)
    assert run(graph, 2).outputs["c"].tolist() == [[[[6, 6], [6, 6]]]] * 2


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("c.weight", [[1, 2], [3, 4]], "E602"),
        ("c.weight", [[[[1, 2], [3]]]], "E602"),
        ("c.bias", 1, "E602"),
        ("d.weight", [1], "E601"),
    ],
)
def test_inline_tensors_that_do_not_fit_are_refused(name, value, code):
    graph = build((1, 3, 3), conv("c", 1, 2), tensors={name: value})
    with pytest.raises(CnncalcError) as caught:
        inline_weights(graph)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]
    assert name in str(caught.value)


def test_every_wrong_inline_tensor_is_named():
    graph = build((1, 3, 3), conv("c", 1, 2), tensors={"x": [1], "c.weight": [1], "y": [1]})
    with pytest.raises(CnncalcError) as caught:
        random_weights(graph)
    assert len(caught.value.diagnostics) == 3


def test_inline_tensors_of_a_head_that_is_not_run_are_not_read():
    graph = loads("""
input: [1, 2, 2]
layers: [ReLU]
heads: {aux: {from: relu1, train_only: true, layers: {type: Conv2d, out_channels: 1, kernel_size: 1, bias: false}}}
tensors: {aux.weight: [[[[2]]]]}
""")
    assert random_weights(graph) == {}


def test_a_misshapen_inline_input_is_refused():
    with pytest.raises(CnncalcError, match="1x3x3"):
        random_input(build((1, 3, 3), conv("c", 1, 2), tensors={"input": [[1, 2]]}))


def test_too_large_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    memory.refuse_if_too_large(1000)
    with pytest.raises(CnncalcError, match=r"10,000,000 bytes.*1,000") as caught:
        memory.refuse_if_too_large(10_000_000)
    assert caught.value.diagnostics[0].code == "E401"


def test_nothing_is_refused_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.refuse_if_too_large(2**80)


def test_the_least_limit_counts(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    3 kB\n")
    (tmp_path / "max").write_text("5000\n")
    (tmp_path / "current").write_text("3000\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", ((tmp_path / "none", tmp_path / "none"),))
    monkeypatch.setattr(memory, "_free_of_process", lambda: None)
    assert memory.available_bytes() == 3072
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", ((tmp_path / "max", tmp_path / "current"),))
    assert memory.available_bytes() == 2000
    (tmp_path / "max").write_text("max\n")
    assert memory.available_bytes() == 3072


@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d"])
def test_the_only_window_of_a_pooling_may_hang_over(kind):
    """With ceil_mode; the mean is of the data alone."""
    graph = loads(f"""
input: [1, 2, 2]
layers: [{{type: {kind}, kernel_size: 3, stride: 2, ceil_mode: true, name: pool}}]
tensors: {{input: [[[1, 1], [1, 1]]]}}
""")
    assert execute(graph, random_input(graph), {}).outputs["pool"].tolist() == [[[[1]]]]
