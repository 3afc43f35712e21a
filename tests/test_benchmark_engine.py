"""What the engine's benchmark makes of times, and that the loop it takes the peak from does its arithmetic."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import engine
import peers
import turns

from cnncalc.engine import peak
from cnncalc.engine.native import row

NAMES = ["cnncalc", "onnxruntime", "openvino", "pytorch"]


def test_each_contender_comes_first_and_last_equally_often():
    orders = [turns.ordered(NAMES, turn) for turn in range(2 * len(NAMES))]
    assert all(sorted(order) == NAMES for order in orders)
    assert sorted(order[0] for order in orders) == sorted(order[-1] for order in orders) == sorted(2 * NAMES)


def test_contenders_are_timed_equally_often_however_long_they_take():
    times = turns.in_turns({"a": lambda: None, "b": lambda: sum(range(10_000))}, seconds=0.0)
    assert {name: len(taken) for name, taken in times.items()} == {"a": turns.FEWEST, "b": turns.FEWEST}


def test_a_ratio_is_the_median_over_pairs_not_the_ratio_of_medians():
    cell = engine.compared({"cnncalc": [1.0, 2.0, 4.0], "pytorch": [8.0, 2.0, 12.0]}, macs=6_000_000_000)
    assert cell["ratios"]["pytorch"]["median"] == 3.0
    assert cell["ms"] == {"cnncalc": 2000.0, "pytorch": 8000.0}
    assert cell["gmacs"] == 3.0


def test_means_are_geometric_and_near_wins_are_named():
    cells = [
        {"network": "one", "batch": 1, "threads": 2, "ratios": {"openvino": {"median": 2.0}}},
        {"network": "two", "batch": 1, "threads": 2, "ratios": {"openvino": {"median": 1.04}}},
        {"network": "two", "batch": 8, "threads": 2, "ratios": {"openvino": {"median": 8.0}}},
    ]
    means = engine.means(cells)
    assert means["batch 8, threads 2"]["openvino"] == pytest.approx(8.0)
    assert means["all"]["openvino"] ** 3 == pytest.approx(2.0 * 1.04 * 8.0)
    assert engine.under(cells) == ["two, batch 1, threads 2: 1.04 of OpenVINO"]


@pytest.mark.parametrize("output", [np.array([[1.0, 2.001]]), np.array([[np.nan, 2.0]])])
def test_who_computes_something_else_is_found(output):
    truth = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = engine.right({"openvino": lambda: output, "pytorch": lambda: truth[:1]}, truth)
    assert found["wrong"] == ["openvino"]
    assert found["errors"]["pytorch"] == 0.0


def test_a_run_is_kept_as_json_and_ends_on_its_means(tmp_path, monkeypatch, capsys):
    def opener(subject, batch, threads, onnx):
        return (lambda images: images.reshape(batch, -1)[:, :10]), (lambda: None)

    monkeypatch.setattr(engine, "OPENERS", dict.fromkeys(["cnncalc", "pytorch"], opener))
    monkeypatch.setattr(engine, "missing", lambda name: [])
    monkeypatch.setattr(engine, "versions", lambda names: dict.fromkeys(names, "1.0"))
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    file = tmp_path / "engine.json"
    words = ["engine.py", "--network", "lenet", "--batch", "1", "3", "--threads", "1", "--seconds", "0.01", "--json"]
    monkeypatch.setattr(sys, "argv", [*words, str(file)])
    assert engine.main() == 0
    result = json.loads(file.read_text())
    assert result["schema_version"] == 1
    assert [(cell["network"], cell["batch"], cell["threads"]) for cell in result["cells"]] == [
        ("lenet", 1, 1),
        ("lenet", 3, 1),
    ]
    assert set(result["means"]) == {"all", "batch 1, threads 1", "batch 3, threads 1"}
    assert f"{result['means']['batch 3, threads 1']['pytorch']:.2f} against PyTorch" in capsys.readouterr().out


@pytest.mark.parametrize(("kernel", "sums"), [(peak.few, 5), (peak.many, 10)])
def test_the_peak_is_taken_from_sums_that_are_all_computed(kernel, sums):
    """x / 2 + 1 / 2 comes to 1 from wherever it starts."""
    result = np.arange(16, dtype=np.float32)
    arguments = row(peak.ROW, loops=100, result=result.ctypes.data)
    peak.call(kernel)(arguments.ctypes.data, 0, 0)
    assert result == pytest.approx(np.full(16, sums))
