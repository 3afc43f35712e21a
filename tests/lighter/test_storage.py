"""Bytes on disk, by hand on LeNet-5, and against scipy's and PyTorch's own arrays."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncalc
from cnncalc.lighter import lighten, read_wishes
from cnncalc.lighter.storage import csr_index_bytes

SPECS = Path(__file__).parents[2] / "specs"
WEIGHTS = {"conv1": 150, "conv2": 2400, "fc1": 48_000, "fc2": 10_080, "fc3": 840}
OUTPUTS = {"conv1": 6, "conv2": 16, "fc1": 120, "fc2": 84, "fc3": 10}
BIASES = sum(OUTPUTS.values())
TENSORS = 13
"""The input and twelve layers' outputs."""


@pytest.fixture(scope="module")
def lenet():
    return cnncalc.load(str(SPECS / "lenet.yaml"))


@pytest.mark.parametrize(
    ("quantize", "scales", "values", "scale_bytes"),
    [
        ("int8", "per-channel", 61_470 + 4 * BIASES, 4 * BIASES + 5 * TENSORS),
        ("int8", "per-tensor", 61_470 + 4 * BIASES, 4 * 5 + 5 * TENSORS),
        ("int4", "per-channel", 30_735 + 4 * BIASES, 4 * BIASES + 5 * TENSORS),
    ],
)
def test_quantized_lenet(lenet, quantize, scales, values, scale_bytes):
    """One byte a weight or half of one, four a bias; four a scale; four and one for each activation's."""
    found = lighten(lenet, read_wishes(quantize=quantize, scales=scales))
    assert found.stored == (values, 0, scale_bytes, 0)
    assert found.stored_bytes == values + scale_bytes
    assert found.original_stored == (4 * 61_706, 0, 0, 0)
    assert found.report.totals.parameter_bytes == found.stored_bytes
    assert found.nonzero_parameters == 61_706


def test_quantized_peak_memory_is_in_the_quantized_dtype(lenet):
    """The peak is conv1 with sigmoid1: 2 * 6*28*28 numbers."""
    for quantize, bits in (("int8", 8), ("int4", 4)):
        assert lighten(lenet, read_wishes(quantize=quantize)).report.totals.peak_bytes == 2 * 6 * 28 * 28 * bits // 8


def test_an_odd_count_of_four_bits_is_rounded_up():
    graph = cnncalc.loads("input: [3]\nlayers:\n  - {type: Linear, out_features: 3, bias: false}\n")
    assert lighten(graph, read_wishes(quantize="int4")).stored.values == 5


def test_what_is_not_multiplied_stays_as_it_is():
    """BatchNorm of 8 channels: 16 trained numbers and 16 statistics, in float16 as asked; 8*3 weights of a byte."""
    text = (
        "input: [3, 4, 4]\nlayers:\n  - {type: Conv2d, out_channels: 8, kernel_size: 1, bias: false}\n  - BatchNorm2d\n"
    )
    found = lighten(cnncalc.loads(text), read_wishes(quantize="int8"), dtype="float16")
    assert found.stored == (24 + 2 * 16, 0, 4 * 8 + 5 * 3, 2 * 16)
    assert any("not folded" in note for note in found.notes)


def test_sparse_lenet(lenet):
    """Nine tenths of each weight go; indices of 2 bytes, and a pointer of 4 for each output and the end."""
    found = lighten(lenet, read_wishes(["weights=0.9"]))
    stay = sum(WEIGHTS.values()) // 10
    assert found.zeroed == {f"{name}.weight": 9 * count // 10 for name, count in WEIGHTS.items()}
    assert found.nonzero_parameters == stay + BIASES
    assert found.stored == (4 * (stay + BIASES), 2 * stay + 4 * sum(rows + 1 for rows in OUTPUTS.values()), 0, 0)
    assert found.report.totals.macs == 416_520
    assert found.report.totals.parameters == 61_706
    assert any("MACs stay at 416,520" in note for note in found.notes)


@pytest.mark.parametrize(
    ("shape", "nonzero", "pointers"),
    [((16, 6, 5, 5), 240, 68), ((120, 400), 4800, 484)],
)
def test_the_sparse_rows_are_scipys(shape, nonzero, pointers):
    """scipy 1.17: csr_array of a weight with nine tenths of zeros has nnz 240 and 4,800, indptr of 68 and 484 bytes;
    torch 2.13's to_sparse_csr has 240 column indices and 17 row pointers for the first.
    """
    assert csr_index_bytes(shape, nonzero) == 2 * nonzero + pointers


def test_wide_rows_need_longer_indices():
    assert csr_index_bytes((1, 65_536), 10) == 10 * 2 + 8
    assert csr_index_bytes((1, 65_537), 10) == 10 * 4 + 8
    assert csr_index_bytes((1 << 16, 1 << 15), 10) == 10 * 2 + (2**16 + 1) * 8


def test_a_sparse_form_that_is_larger_is_said(lenet):
    """A tenth of the zeros saves 4 bytes each, and nine tenths of the others cost 2 each."""
    found = lighten(lenet, read_wishes(["weights=0.1"]))
    assert found.stored_bytes > found.original_stored.total
    assert any(note.startswith("sparse rows take more than they save") for note in found.notes)


def test_zeros_and_bits_together(lenet):
    found = lighten(lenet, read_wishes(["fc1.weights=0.5"], "int4"))
    assert found.stored.values == (61_470 - 24_000) // 2 + 4 * BIASES
    assert found.stored.indices == 2 * 24_000 + 4 * 121


@pytest.mark.parametrize(
    ("count", "share", "gone"), [(6, "0.25", 2), (10, "0.25", 2), (30, "0.05", 2), (108, "0.35", 38)]
)
def test_as_many_weights_go_as_in_torch(count, share, gone):
    """torch 2.13: prune.l1_unstructured(nn.Linear(count, 1), 'weight', share) leaves so many zeros."""
    graph = cnncalc.loads(f"input: [{count}]\nlayers:\n  - {{name: fc, type: Linear, out_features: 1}}\n")
    assert lighten(graph, read_wishes([f"weights={share}"])).zeroed == {"fc.weight": gone}


def test_heads_only_for_training_are_not_stored():
    graph = cnncalc.load(str(SPECS / "googlenet.yaml"))
    found = lighten(graph, read_wishes(["weights=0.5"]))
    assert found.nonzero_parameters == 6_624_904 - sum(
        count for name, count in found.zeroed.items() if not name.startswith("aux")
    )
    assert any(name.startswith("aux") for name in found.zeroed)
