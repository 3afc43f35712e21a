"""What is asked for, which layers it is about, and what is refused with a way out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import cnncalc
from cnncalc.cli.lighter import Quantize, Scales
from cnncalc.diagnostics import CnncalcError
from cnncalc.lighter import QUANTIZED, SCALES, Wish, lighten, read_wishes
from cnncalc.lighter.rules import RULES

SPECS = Path(__file__).parents[2] / "specs"


def gallery(name: str):
    return cnncalc.load(str(SPECS / f"{name}.yaml"))


def refused(spec: str, *prune: str, **more):
    """Return the one diagnostic with which these wishes are refused."""
    with pytest.raises(CnncalcError) as caught:
        lighten(gallery(spec), read_wishes(prune, **more))
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("channels=0.5", ("channels", "", Fraction(1, 2))),
        ("weights=1", ("weights", "", Fraction(1))),
        ("layer1.0.conv1.channels=.29", ("channels", "layer1.0.conv1", Fraction(29, 100))),
        (" layer1.weights = 0.1 ", ("weights", "layer1", Fraction(1, 10))),
        ("channels.weights=0.", ("weights", "channels", Fraction(0))),
    ],
)
def test_a_wish_is_read(text, wish):
    assert read_wishes([text]).prune == (Wish(*wish, text),)


@pytest.mark.parametrize(
    "text",
    ["", "0.5", "channels", "channels=", "channels=half", "channels=1", "channels=1.5", "weights=1.01", "filters=0.5",
     ".channels=0.5", "channels=-0.5", "channels=1e-1", "channels=nan", "channels=.", "channels=0.5=0.5", "channels=½"],
)  # fmt: skip
def test_what_is_no_wish_is_refused(text):
    with pytest.raises(CnncalcError) as caught:
        read_wishes([text])
    (found,) = caught.value.diagnostics
    assert found.code == "E740" and found.help


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels=-0.5", "-0.5 is not a share"),
        ("channels=50%", "50% is not a share"),
        ("channels=1.5", "1.5 is more than all of them"),
        ("weights=1.01", "1.01 is more than all of them"),
        ("channels=1", "something must stay"),
    ],
)
def test_what_is_said_of_a_share_is_true(text, said):
    with pytest.raises(CnncalcError) as caught:
        read_wishes([text])
    assert said in caught.value.diagnostics[0].message


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(CnncalcError) as caught:
        read_wishes(["channels=2", "weights"], "int2", scales="none")
    assert len(caught.value.diagnostics) == 4


def test_the_longest_path_counts():
    wishes = read_wishes(["layer1.channels=0.25", "channels=0.5", "layer1.0.conv1.channels=0", "layer10.channels=0.1"])
    shares = {name: wishes.for_layer("channels", name) for name in ("conv1", "layer1.0.conv1", "layer1.0.conv2")}
    assert {name: float(wish.share) for name, wish in shares.items() if wish} == {
        "conv1": 0.5,
        "layer1.0.conv1": 0,
        "layer1.0.conv2": 0.25,
    }


def test_a_residual_branch_is_not_cut_alone():
    found = refused("resnet18", "layer1.0.conv2.channels=0.5")
    assert found.code == "E742"
    assert found.message == (
        "layer1.0.conv2 cannot lose channels alone: those of conv1, layer1.1.conv2 must go with them, since they meet "
        "at layer1.0.add1, layer1.1.add1"
    )
    assert found.help == "add --prune-together, or name the others too: conv1, layer1.1.conv2"


@pytest.mark.parametrize(
    "more",
    [
        {"prune": ["layer1.0.conv2.channels=0.5"], "together": True},
        {"prune": ["conv1.channels=0.5", "layer1.0.conv2.channels=0.5", "layer1.1.conv2.channels=0.5"]},
    ],
)
def test_the_ways_out_are_ways_out(more):
    found = lighten(gallery("resnet18"), read_wishes(**more))
    (pool,) = found.pools
    assert pool == (("conv1", "layer1.0.conv2", "layer1.1.conv2"), 64, 32)
    assert found.notes == ()


def test_inner_layers_of_a_residual_block_are_cut_alone():
    """ResNet-18's layer1.0.conv1: 64 of 3x3x64 lose 32; conv2 reads 32 fewer, bn1 has 32 fewer: two numbers each."""
    found = lighten(gallery("resnet18"), read_wishes(["layer1.0.conv1.channels=0.5"]))
    saved = found.original.totals.parameters - found.report.totals.parameters
    assert saved == 32 * 64 * 9 + 64 * 32 * 9 + 2 * 32


def test_a_depthwise_convolution_goes_with_what_it_reads():
    graph = cnncalc.loads(
        "input: [3, 8, 8]\nlayers:\n  - {name: a, type: Conv2d, out_channels: 8, kernel_size: 1}\n"
        "  - {name: dw, type: Conv2d, out_channels: 8, kernel_size: 3, groups: 8}\n"
        "  - {name: b, type: Conv2d, out_channels: 4, kernel_size: 1}\n"
    )
    with pytest.raises(CnncalcError) as caught:
        lighten(graph, read_wishes(["a.channels=0.5"]))
    (found,) = caught.value.diagnostics
    assert (found.code, "since they meet at dw" in found.message) == ("E742", True)
    pools = lighten(graph, read_wishes(["a.channels=0.5", "dw.channels=0.5"])).pools
    assert pools == ((("a", "dw"), 8, 4),)


def test_a_block_is_cut_where_it_can_be_and_the_rest_is_said():
    found = lighten(gallery("resnet18"), read_wishes(["layer1.channels=0.5"]))
    assert [pool.layers for pool in found.pools] == [("layer1.0.conv1",), ("layer1.1.conv1",)]
    (note,) = found.notes
    assert note == (
        "layer1.0.conv2, layer1.1.conv2: all channels stay, since they are bound with those of conv1, which were not "
        "asked for; --prune-together cuts those too"
    )


@pytest.mark.parametrize(
    ("prune", "said"),
    [
        (
            ["channels=0.5", "layer1.0.conv2.channels=0.25"],
            "conv1 and layer1.0.conv2 share channels, and are to lose 0.5 and",
        ),
        (
            ["layer1.0.conv2.channels=0.25", "layer1.1.conv2.channels=0"],
            "layer1.0.conv2 and layer1.1.conv2 share channels",
        ),
    ],
)
def test_shares_that_contradict_each_other_are_refused(prune, said):
    found = refused("resnet18", *prune)
    assert found.code == "E743" and found.message.startswith(said)
    assert found.help == "give one share to conv1, layer1.0.conv2, layer1.1.conv2"


def test_a_layer_that_is_to_keep_its_channels_keeps_those_that_are_bound():
    found = lighten(gallery("resnet18"), read_wishes(["channels=0.5", "layer1.0.conv2.channels=0"]))
    assert {len(found.kept[name]) for name in ("conv1", "layer1.0.conv2", "layer1.1.conv2")} == {64}
    assert len(found.kept["layer1.0.conv1"]) == 32
    start = "conv1, layer1.1.conv2: all channels stay, since they are bound with those of layer1.0.conv2, of which none"
    assert found.notes[1].startswith(start)
    assert lighten(gallery("resnet18"), read_wishes(["layer1.0.conv2.channels=0"])).pools == ()


def test_classes_stay_unless_they_are_named():
    found = lighten(gallery("lenet"), read_wishes(["channels=0.5"]))
    assert len(found.kept["fc3"]) == 10
    assert any(note.startswith("fc3: all channels stay") for note in found.notes)
    assert len(lighten(gallery("lenet"), read_wishes(["fc3.channels=0.5"])).kept["fc3"]) == 5


def test_what_is_bound_with_the_input_stays():
    text = (
        "input: [4, 8, 8]\nlayers:\n  - {name: a, type: Conv2d, out_channels: 4, kernel_size: 1}\n"
        "  - {type: Add, from: [a, input]}\n  - {name: b, type: Conv2d, out_channels: 4, kernel_size: 1}\n"
    )
    graph = cnncalc.loads(text)
    with pytest.raises(CnncalcError) as caught:
        lighten(graph, read_wishes(["a.channels=0.5"]))
    assert [one.code for one in caught.value.diagnostics] == ["E744"]
    assert "the network's input" in caught.value.diagnostics[0].message
    assert lighten(graph, read_wishes(["channels=0.5"])).report.graph is graph


def test_a_step_cannot_be_followed():
    text = (
        "input: [4, 8, 8]\nlayers:\n  - {name: a, type: Conv2d, out_channels: 4, kernel_size: 1}\n"
        "  - {name: even, type: Slice, step: 2}\n  - {name: b, type: Conv2d, out_channels: 4, kernel_size: 1}\n"
    )
    with pytest.raises(CnncalcError) as caught:
        lighten(cnncalc.loads(text), read_wishes(["a.channels=0.5"]))
    (found,) = caught.value.diagnostics
    assert found == ("E744", "a: all channels stay, since even take only some of them, by a step", *found[2:])


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("layer1.0.conv9.channels=0.5", "did you mean layer1."),
        ("layer9.weights=0.5", "did you mean layer"),
        ("bn1.channels=0.5", "they are those of conv1, layer1.0.conv2, layer1.1.conv2"),
        ("bn1.weights=0.5", "convolutions and Linear do"),
    ],
)
def test_a_wish_about_nothing_is_refused(text, help):
    found = refused("resnet18", text)
    assert found.code == "E741"
    assert found.help.startswith(help)


def test_what_is_quantized_already_is_not_quantized():
    with pytest.raises(CnncalcError) as caught:
        lighten(gallery("lenet"), read_wishes(quantize="int8"), dtype="int4")
    assert caught.value.diagnostics[0].code == "E745"


def test_no_wish_changes_nothing():
    graph = gallery("googlenet")
    found = lighten(graph, read_wishes())
    assert found.report == found.original
    assert found.stored == found.original_stored
    assert found.notes == () and not found.pools and not found.zeroed


def test_weights_written_in_the_spec_are_left_out_where_channels_go():
    fc = "{name: fc, type: Linear, out_features: 2, bias: false}"
    text = f"input: [2]\nlayers: [{fc}]\ntensors: {{input: [1, 2], fc.weight: [[1, 2], [3, 4]]}}\n"
    graph = cnncalc.loads(text)
    kept = lighten(graph, read_wishes(["fc.weights=0.5"]))
    cut = lighten(graph, read_wishes(["fc.channels=0.5"]))
    assert kept.report.graph.tensors == graph.tensors
    assert cut.report.graph.tensors == {"input": [1, 2]}
    assert any("left out" in note for note in cut.notes) and not any("left out" in note for note in kept.notes)


def test_a_type_without_a_rule_is_refused(monkeypatch):
    monkeypatch.delitem(RULES, "Sigmoid")
    found = refused("lenet", "channels=0.5")
    assert (found.code, found.message) == ("E744", "channels cannot be followed through sigmoid1 (Sigmoid)")
    assert found.span and found.span.line


def test_the_options_offer_what_there_is():
    assert [one.value for one in Quantize] == list(QUANTIZED)
    assert [one.value for one in Scales] == list(SCALES)
