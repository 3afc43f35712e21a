"""An engine from Python: what it computes, what it says of itself, and what it refuses."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.engine import compiled
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_weights

NETWORK = cnncalc.loads("""
input: [3, 32, 32]
layers:
  - {name: conv, type: Conv2d, out_channels: 32, kernel_size: 3, padding: 1}
  - {name: norm, type: BatchNorm2d}
  - {name: relu, type: ReLU}
  - {name: mish, type: Mish}
  - {name: back, type: Conv2d, out_channels: 32, kernel_size: 3, padding: 1}
  - {name: sum, type: Add, from: [mish, back]}
  - {name: pool, type: MaxPool2d, kernel_size: 2}
  - {name: flat, type: Flatten}
  - {name: fc, type: Linear, out_features: 7}
""")
WEIGHTS = random_weights(NETWORK, 3)


class Gradient:
    """A tensor of PyTorch that requires a gradient."""

    def __array__(self, *_, **__):
        raise RuntimeError("requires grad\nUse tensor.detach().numpy() instead.")


def images(batch: int) -> np.ndarray:
    return np.random.default_rng(batch).standard_normal((batch, 3, 32, 32)).astype(np.float32)


def defined(x: np.ndarray) -> np.ndarray:
    exact = {name: array.astype(np.float64) for name, array in WEIGHTS.items()}
    return execute(NETWORK, x.astype(np.float64), exact).outputs["fc"]


def test_it_computes_what_the_definitions_do_whatever_the_threads():
    x = images(4)
    right = defined(x)
    outputs = []
    for threads in (1, 2, 3):
        with cnncalc.compile(NETWORK, weights=WEIGHTS, batch=4, threads=threads) as engine:
            outputs.append(engine(x))
            assert engine.threads == threads
    np.testing.assert_allclose(outputs[0], right, rtol=0, atol=2e-6 * np.abs(right).max())
    assert outputs[0].dtype == np.float32
    assert (outputs[0] == outputs[1]).all() and (outputs[0] == outputs[2]).all()


def test_it_says_in_a_line_what_it_is():
    with cnncalc.compile(cnncalc.loads("name: Tiny\ninput: [2, 4, 5]\nlayers: [ReLU]\n"), batch=3) as engine:
        assert repr(engine) == f"<Engine 'Tiny': input 3x2x4x5, threads 1, {engine.target}>"


def test_each_call_returns_an_array_of_its_own():
    with cnncalc.compile(NETWORK, weights=WEIGHTS) as engine:
        first = engine(images(1))
        kept = first.copy()
        assert (engine(2 * images(1)) != kept).any() and (first == kept).all()
        assert (engine(images(1).tolist()) == kept).all()


def test_a_tiny_network_runs_on_one_thread_and_leaves_none():
    tiny = cnncalc.loads("input: [2, 4, 4]\nlayers: [ReLU]\n")
    before = threading.active_count()
    with cnncalc.compile(tiny, threads=2) as engine:
        assert engine.threads == 1
    with cnncalc.compile(tiny, threads=10**9) as engine:  # nor does it need memory for more
        assert engine.threads == 1
    with cnncalc.compile(NETWORK, threads=2, batch=4) as engine:
        engine(images(4))
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ({"batch": 0}, "E771", "batch must be 1 or more"),
        ({"threads": 0}, "E771", "threads must be 1 or more"),
        ({"weights": {"conv.weight": WEIGHTS["conv.weight"]}}, "E608", "no tensor conv.bias"),
        ({"weights": WEIGHTS | {"fc.bias": np.zeros(8, np.float32)}}, "E609", "fc.bias is 8"),
        ({"weights": WEIGHTS | {"fc.bias": np.zeros(7, np.int32)}}, "E604", "floating point"),
        ({"batch": 10**9}, "E401", "bytes"),
        ({"weights": WEIGHTS | {"fc.bias": None}}, "E774", "fc.bias is a NoneType"),
        ({"weights": WEIGHTS | {"fc.bias": "seven"}}, "E774", "fc.bias is a str"),
        ({"weights": WEIGHTS | {"fc.bias": [[1.0], [2.0, 3.0]]}}, "E774", "fc.bias is no array of numbers"),
        ({"weights": WEIGHTS | {"fc.bias": Gradient()}}, "E774", "fc.bias is no array of numbers: requires grad"),
        ({"weights": WEIGHTS | {"fc.bias": [1j] * 7}}, "E604", "fc.bias holds complex128"),
        ({"weights": WEIGHTS | {3: WEIGHTS["fc.bias"]}}, "E773", "3 for a name"),
        ({"weights": list(WEIGHTS)}, "E773", "a list, and a mapping"),
        ({"weights": "lenet.npz"}, "E773", "a str, and a mapping"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, code, said):
    with pytest.raises(CnncalcError, match=said) as caught:
        cnncalc.compile(NETWORK, **wrong)
    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("x", "code", "said"),
    [
        (images(2), "E770", "another batch"),
        (images(1)[0], "E770", r"x\[None\]"),
        (np.zeros((1, 3, 32, 31)), "E770", r"cnncalc.load\(path, input_shape=\(3, 32, 31\)\)"),
        (np.zeros((1, 32, 32, 3)), "E770", r"channels come first: use x.transpose\(0, 3, 1, 2\)"),
        (np.zeros((1, 1, 3, 32, 32)), "E770", r"use x.reshape\(1, 3, 32, 32\)"),
        (np.zeros((1, 4, 32, 32)), "E770", "first axis is the batch"),
        (None, "E770", "is a single number"),
        ("digit", "E605", "digit"),
        ([[1, 2], [3]], "E605", "not an array"),
        (images(1) * 1j, "E605", "complex"),
    ],
)
def test_an_input_of_another_shape_is_refused(x, code, said):
    with cnncalc.compile(NETWORK) as engine, pytest.raises(CnncalcError) as caught:
        engine(x)
    (problem,) = caught.value.diagnostics
    assert problem.code == code and re.search(said, f"{problem.message} {problem.help}")


def test_weights_may_be_what_numpy_makes_arrays_of():
    lists = {name: array.tolist() for name, array in WEIGHTS.items()}
    ones = WEIGHTS | {"fc.bias": np.ones(7, np.float32)}
    x = images(1)
    with cnncalc.compile(NETWORK, weights=lists) as engine, cnncalc.compile(NETWORK, weights=WEIGHTS) as other:
        assert (engine(x) == other(x)).all()
    with (
        cnncalc.compile(NETWORK, weights=ones | {"fc.bias": [1] * 7}) as engine,
        cnncalc.compile(NETWORK, weights=ones) as other,
    ):
        assert (engine(x) == other(x)).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("specs/lenet.yaml", r"a path: specs/lenet.yaml\n  = help: cnncalc.load\(path\)"),
        (Path("lenet.yaml"), "a path: lenet.yaml"),
        ("input: [1, 4, 4]\nlayers: [ReLU]\n", r"a text\n  = help: cnncalc.loads\(text\)"),
        (None, "a NoneType"),
        ({"input": [1, 4, 4]}, "a dict"),
    ],
)
def test_what_is_no_network_is_refused_wherever_one_is_needed(given, said):
    for ask in (
        cnncalc.compile,
        cnncalc.run,
        cnncalc.analyze,
        cnncalc.compare,
        lambda network: cnncalc.count(network, "torch"),
        lambda network: cnncalc.compare(NETWORK, network),
    ):
        with pytest.raises(CnncalcError, match=said) as caught:
            ask(given)
        assert caught.value.diagnostics[0].code == "E772"


def test_a_report_has_its_network():
    with pytest.raises(CnncalcError, match=r"a Report\n  = help: it has the network in its \.graph"):
        cnncalc.compile(cnncalc.analyze(NETWORK))


def test_callers_from_several_threads_take_turns():
    inputs = [images(2 + seed)[:2] for seed in range(3)]
    with cnncalc.compile(NETWORK, weights=WEIGHTS, batch=2, threads=2) as engine:
        alone = [engine(x) for x in inputs]

        def again(at: int) -> bool:
            return all((engine(inputs[at]) == alone[at]).all() for _ in range(30))

        with ThreadPoolExecutor(3) as pool:
            assert all(pool.map(again, range(3)))


def test_a_closed_engine_may_be_called_again():
    before = threading.active_count()
    engine = cnncalc.compile(NETWORK, weights=WEIGHTS, batch=4, threads=2)
    first = engine(images(4))
    engine.close()
    assert threading.active_count() == before
    assert (engine(images(4)) == first).all()
    engine.close()
    assert threading.active_count() == before


def test_a_profile_takes_at_least_one_run():
    with cnncalc.compile(NETWORK) as engine, pytest.raises(CnncalcError, match="repeats must be 1 or more"):
        engine.profile(repeats=0)


def test_only_an_engine_that_keeps_them_is_asked_for_what_layers_computed():
    x = images(2)
    with compiled.Engine(NETWORK, WEIGHTS, 2, 1, keep=True) as engine:
        engine.run(x)
        fused = {node.name: engine.result(node.name) for node in NETWORK.nodes}
    with compiled.Engine(NETWORK, WEIGHTS, 2, 1, fused=False, keep=True) as engine:
        engine.run(x)
        apart = {node.name: engine.result(node.name) for node in NETWORK.nodes}
    assert [name for name, array in fused.items() if array is None] == ["conv", "norm", "back"]
    for node in NETWORK.nodes:
        assert apart[node.name].shape == (2, *node.output_shape)
        if fused[node.name] is not None:
            np.testing.assert_allclose(fused[node.name], apart[node.name], rtol=0, atol=1e-4)


def test_a_layer_without_a_fast_kernel_falls_back_and_is_named(monkeypatch):
    monkeypatch.delitem(BUILDERS, "Mish")
    x = images(3)
    with cnncalc.compile(NETWORK, weights=WEIGHTS, batch=3, threads=2) as engine:
        assert engine.fallbacks == ("mish",)
        right = defined(x)
        np.testing.assert_allclose(engine(x), right, rtol=0, atol=2e-6 * np.abs(right).max())
        assert "Fallback" in [row.kind for row in engine.profile(x, repeats=1)]
    proof = cnncalc.run(NETWORK, weights=WEIGHTS, verify=True)
    assert not proof.mismatches and proof.engine.fallbacks == ("mish",)


def test_a_write_outside_of_a_buffer_is_found_in_the_checked_mode():
    with cnncalc.compile(NETWORK) as engine:
        assert engine.checked
        owner, first, _ = engine._program.guards[1]
        engine._program.arena[first] = 0
        with pytest.raises(AssertionError, match=f"outside of {owner}"):
            engine(images(1))


def test_unchecked_its_memory_is_what_was_predicted(monkeypatch):
    monkeypatch.setenv(compiled.CHECKED, "0")
    with cnncalc.compile(NETWORK) as engine:
        assert not engine.checked and engine.arena_bytes == engine.predicted_bytes
        # relu, then mish in its place, one block of 16 channels after the other, in a margin of one; and the input
        assert engine.predicted_bytes >= 2 * 34 * 34 * 16 * 4
