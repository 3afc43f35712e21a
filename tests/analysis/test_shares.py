"""Where parameters and MACs lie: the rows add up to the totals, whatever the depth and however many layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.analysis.growth import growth
from cnncalc.analysis.report import analyze
from cnncalc.analysis.shares import MOST_ROWS, shares
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))


@pytest.mark.parametrize("name", GALLERY)
def test_rows_add_up_to_the_totals(name):
    report = analyze(load(str(SPECS / f"{name}.yaml")))
    for depth in (None, 1, 2):
        found = shares(report, depth)
        rows = [*found.rows, *([found.rest] if found.rest else [])]
        assert sum(row.parameters for row in rows) == report.totals.parameters == found.parameters
        assert sum(row.macs for row in rows) == report.totals.macs == found.macs
        running = len(report.layers) + sum(len(head.layers) for head in report.heads if not head.train_only)
        assert sum(row.layers for row in rows) + found.idle == running
        assert all(row.parameters or row.macs for row in rows)
        if depth is None:
            assert len(found.rows) <= MOST_ROWS


def test_the_deepest_that_fits_is_shown():
    assert shares(analyze(load(str(SPECS / "lenet.yaml")))).depth is None
    resnet = shares(analyze(load(str(SPECS / "resnet50.yaml"))))
    assert resnet.depth == 2 and [row.name for row in resnet.rows[:3]] == ["conv1", "bn1", "layer1.0"]
    # by hand: 1x1x64x64 + 3x3x64x64 + 1x1x64x256 + 1x1x64x256 (the shortcut) and two numbers a channel of each
    # normalisation, of 64 + 64 + 256 + 256 channels
    assert resnet.rows[2].parameters == 4096 + 36864 + 16384 + 16384 + 2 * 640


def test_of_a_long_chain_the_largest_are_kept_in_order():
    layers = ", ".join(f"{{type: Conv2d, out_channels: {2 + at % 7}, kernel_size: 1}}" for at in range(500))
    found = shares(analyze(loads(f"input: [3, 8, 8]\nlayers: [{layers}]\n")))
    assert len(found.rows) == MOST_ROWS and found.rest is not None and found.rest.layers == 460
    numbers = [int(row.name.removeprefix("conv")) for row in found.rows]
    assert numbers == sorted(numbers)
    assert min(row.parameters for row in found.rows) * 460 >= found.rest.parameters
    assert found.depth is None  # no name has a dot, so none was cut


def test_growth_follows_the_path_that_sees_most():
    report = analyze(load(str(SPECS / "resnet18.yaml")))
    grown = growth(report)
    names = [step.name for step in grown.steps]
    assert "layer2.0.conv1" in names and "layer2.0.downsample.0" not in names
    # by hand: 7, + 2*2 of the pool, + 4 convolutions * 2*4, + 2*4 + 3*2*8, + 2*8 + 3*2*16, + 2*16 + 3*2*32
    assert 7 + 4 + 32 + 8 + 48 + 16 + 96 + 32 + 192 == 435
    assert [field.size for field in grown.steps[-1].fields] == [435, 435] and grown.whole_from == "avgpool"
    assert [step.name for step in grown.steps if step.jumps] == [
        "conv1", "maxpool", "layer2.0.conv1", "layer3.0.conv1", "layer4.0.conv1",
    ]  # fmt: skip
    sizes = [step.fields[0].size for step in grown.steps]
    assert sizes == sorted(sizes)


def test_a_gate_is_not_followed():
    grown = growth(analyze(load(str(SPECS / "mobilenet_v3_small.yaml"))))
    assert len(grown.steps) > 50 and all(field.jump for step in grown.steps for field in step.fields)


def test_nothing_grows_where_the_input_is_a_vector_or_seen_whole_at_once():
    assert growth(analyze(loads("input: [8]\nlayers: [{type: Linear, out_features: 2}]\n"))).steps == []
    assert growth(analyze(loads("input: [8, 4, 4]\nlayers: [{type: GlobalAvgPool2d}]\n"))).steps == []
