"""Counts of work against published numbers and an enumeration of every product."""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path

import pytest

from cnncalc.analysis.report import analyze
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"


def test_vgg16_with_and_without_padded_zeros():
    totals = analyze(load(str(SPECS / "vgg16.yaml"))).totals
    # 15,470,264,320 with torch's FlopCounterMode / 2; compilers whose cost model leaves padding out print the second.
    assert totals.macs == 15_470_264_320
    assert totals.macs_without_padding == 14_969_824_000
    assert totals.flops == 30_940_528_640


@pytest.mark.parametrize(
    "arguments",
    ["kernel_size: 3, padding: 1", "kernel_size: [3, 2], stride: [2, 1], padding: [[0, 2], [1, 0]]",
     "kernel_size: 2, dilation: 3, padding: 2", "kernel_size: 4, stride: 3, padding: same_lower",
     "kernel_size: 3, padding: 1, groups: 2", "kernel_size: 3, padding: 1, padding_mode: circular"],
)  # fmt: skip
def test_macs_are_the_products_one_by_one(arguments):
    graph = loads(f"input: [4, 7, 6]\nlayers:\n  - {{type: Conv2d, out_channels: 2, {arguments}}}\n")
    facts = analyze(graph).layers[0]
    layer = facts.node.layer
    befores = [1, 1] if layer.padding == "same_lower" else [pair[0] for pair in layer.padding]
    if layer.padding == "same_lower":  # 7 -> 3 outputs: 2*3 + 4 - 7 = 3 padded, 2 before; 6 -> 2: 3 + 4 - 6 = 1, before
        befores = [2, 1]
    all_products = real_products = 0
    for out_channel, *places in product(*map(range, facts.node.output_shape)):
        assert 0 <= out_channel < 2
        for _, *taps in product(range(4 // layer.groups), *map(range, layer.kernel_size)):
            at = [
                place * stride - before + tap * dilation
                for place, stride, before, tap, dilation in zip(
                    places, layer.stride, befores, taps, layer.dilation, strict=True
                )
            ]
            all_products += 1
            inside = all(0 <= one < size for one, size in zip(at, (7, 6), strict=True))
            real_products += inside or layer.padding_mode != "zeros"
    assert (facts.cost.macs, facts.cost.macs_without_padding) == (all_products, real_products)


def test_numbers_past_any_machine_word_are_exact():
    graph = loads(
        f"input: [{10**9}, {10**6}, {10**6}]\nlayers:\n  - {{type: Conv2d, out_channels: {10**9}, kernel_size: 1}}\n"
    )
    facts = analyze(graph).layers[0]
    assert facts.cost.macs == 10**30
    assert facts.held.parameter_count == 10**18 + 10**9
    assert facts.activation_bytes == 4 * 10**21


def test_totals_add_up_over_many_layers():
    graph = loads("""
input: [8, 16, 16]
blocks:
  Residual:
    layers:
      - {name: conv, type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1}
      - BatchNorm2d
      - ReLU
      - {type: Add, from: [input, relu1]}
layers:
  - {name: tower, type: Residual, repeat: 5000}
""")
    report = analyze(graph)
    assert len(report.layers) == 20_000
    # By hand: 8*8*9 weights + 8 biases + 2*8 of BatchNorm; 8*8*9 products at 16*16 places.
    assert report.totals.parameters == 5000 * (8 * 8 * 9 + 8 + 16)
    assert report.totals.macs == 5000 * 8 * 8 * 9 * 16 * 16
    assert prod(report.layers[-1].node.output_shape) == 8 * 16 * 16
    assert report.layers[-1].receptive.fields[0].size == 1 + 2 * 5000
