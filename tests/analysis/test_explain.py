"""Derivations: their arithmetic is evaluated and compared with the facts, and a course's examples are reproduced."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path

import pytest

from cnncalc.analysis.explain import explain
from cnncalc.analysis.report import analyze
from cnncalc.diagnostics import CnncalcError
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))


@pytest.mark.parametrize("spec", GALLERY)
def test_every_derivation_of_the_gallery_comes_out(spec):
    report = analyze(load(str(SPECS / f"{spec}.yaml")))
    for facts in report.layers:
        explained = explain(report, facts.node.name)
        for rules in explained.rules.values():
            for rule in rules:
                if rule.numbers:
                    assert eval(rule.numbers, {"ceil": ceil, "floor": floor}) == rule.value, (facts.node.name, rule)
        assert explained.rules["parameters"][0].value == facts.held.parameter_count
        assert explained.rules["macs"][0].value == facts.cost.macs
        assert explained.rules["memory"][0].value == facts.activation_bytes
        if facts.receptive.fields:
            assert explained.rules["receptive_field"][0].value == facts.receptive.fields[0].size


def test_weight_sharing_of_lenets_second_convolution():
    """16 maps of 10x10 from 6 of 14x14 by 5x5 kernels; locally connected: 1,600 kernels of 150, each with a bias."""
    report = analyze(load(str(SPECS / "lenet.yaml")))
    assert explain(report, "conv2").sharing == {
        "convolution": 2_416,
        "locally_connected": 241_600,
        "fully_connected": 1_883_200,
    }


def test_a_wrong_name_is_answered_with_the_nearest():
    report = analyze(load(str(SPECS / "resnet50.yaml")))
    with pytest.raises(CnncalcError) as caught:
        explain(report, "layer1.0.con1")
    assert "layer1.0.conv1" in caught.value.diagnostics[0].help
    with pytest.raises(CnncalcError) as caught:
        explain(report, "layer1")
    assert "group" in caught.value.diagnostics[0].help


def test_the_bins_of_adaptive_pooling_are_derived():
    """A 7x7 window of jump 2 before bins of 16 positions cut into 7, whose bounds are laid out one by one."""
    graph = loads(
        "input: [3, 32, 32]\nlayers:\n"
        "  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 7, stride: 2, padding: 3}\n"
        "  - {name: pool, type: AdaptiveAvgPool2d, output_size: 7}\n"
    )
    rule = explain(analyze(graph), "pool").rules["receptive_field"][0]
    widest = max(-(-(at + 1) * 16 // 7) - at * 16 // 7 for at in range(7))
    assert rule.numbers == f"7 + ({widest} - 1)*2"
    assert rule.value == 7 + (widest - 1) * 2


def test_a_convolution_without_bias_is_not_said_to_have_one():
    graph = loads(
        "input: [1, 5, 5]\nlayers:\n  - {name: a, type: Conv2d, out_channels: 1, kernel_size: 2, bias: false}\n"
        "  - {name: b, type: Conv2d, out_channels: 1, kernel_size: 2}\n"
    )
    report = analyze(graph)
    assert "bias" not in explain(report, "a").formula
    assert "bias[o] + " in explain(report, "b").formula


def test_a_field_without_statistics_is_told_for_each_axis():
    graph = loads(
        "input: [2, 9, 8, 7]\nlayers:\n  - {name: a, type: Conv3d, out_channels: 2, kernel_size: [1, 3, 5]}\n"
        "  - {name: norm, type: GroupNorm, num_groups: 1}\n"
    )
    rules = explain(analyze(graph), "norm").rules["receptive_field"]
    assert [(rule.left, rule.value) for rule in rules] == [
        *(("RF_D", 9), ("RF_H", 8), ("RF_W", 7)),
        *(("RF_D", 1), ("RF_H", 3), ("RF_W", 5)),
    ]
