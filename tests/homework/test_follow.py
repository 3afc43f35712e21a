"""Follow-through, against what a teacher works out by hand on LeNet-5."""

from __future__ import annotations

import pytest
from shell import LENET, SPECS

import cnncalc
from cnncalc.homework.follow import Own
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import read_key


def network(path=LENET):
    return Network(cnncalc.load(str(path)))


def follow(given, key, path=LENET):
    """Return {value: keys it follows from} of `key` for a student who answered `given`."""
    of = network(path)
    own = Own(of, {read_key(name, of.nodes): value for name, value in given.items()})
    return {value: [asked.key for asked in sources] for value, sources in own.follow(read_key(key, of.nodes)).items()}


def test_a_wrong_shape_is_gone_on_with():
    # A student who takes 24 for 28 halves it to 12, and (12 - 5) + 1 = 8, and half of that is 4.
    given = {"conv1.output_shape": (6, 24, 24)}
    assert follow(given, "sigmoid1.output_shape") == {(6, 24, 24): ["conv1.output_shape"]}
    assert follow(given, "pool1.output_shape") == {(6, 12, 12): ["conv1.output_shape"]}
    assert follow(given, "conv2.output_shape") == {(16, 8, 8): ["conv1.output_shape"]}
    assert follow(given, "pool2.output_height") == {(4,): ["conv1.output_shape"]}
    assert follow(given, "fc1.parameters") == {(16 * 4 * 4 * 120 + 120,): ["conv1.output_shape"]}


def test_the_nearest_wrong_answer_counts():
    given = {"conv1.output_shape": (6, 24, 24), "pool1.output_shape": (6, 13, 13)}
    assert follow(given, "conv2.output_shape") == {(16, 9, 9): ["pool1.output_shape"]}


def test_a_right_answer_in_between_leads_back_to_the_truth():
    given = {"conv1.output_shape": (6, 24, 24), "pool1.output_shape": (6, 14, 14)}
    assert follow(given, "conv2.output_shape") == {}
    assert follow(given, "fc1.parameters") == {}


def test_costs_and_memory_take_the_students_own_output():
    given = {"conv2.output_shape": (16, 12, 12)}
    assert follow(given, "conv2.macs") == {(16 * 6 * 5 * 5 * 12 * 12,): ["conv2.output_shape"]}
    assert follow(given, "conv2.flops") == {(2 * 16 * 6 * 5 * 5 * 12 * 12,): ["conv2.output_shape"]}
    assert follow(given, "conv2.memory") == {(16 * 12 * 12 * 4,): ["conv2.output_shape"]}
    assert follow(given, "conv2.parameters") == {}


def test_one_axis_is_gone_on_with():
    given = {"conv1.output_height": (24,)}
    assert follow(given, "pool1.output_shape") == {(6, 12, 14): ["conv1.output_height"]}


def test_channels_reach_the_next_layers_parameters():
    given = {"pool1.output_channels": (3,)}
    assert follow(given, "conv2.parameters") == {(16 * (3 * 5 * 5 + 1),): ["pool1.output_channels"]}


def test_totals_follow_from_the_layers():
    given = {"conv2.parameters": (2400,)}
    assert follow(given, "total.parameters") == {(61_690,): ["conv2.parameters"]}
    given = {"conv2.parameters": (2400,), "fc3.parameters": (840,)}
    assert follow(given, "total.parameters") == {(61_680,): ["conv2.parameters", "fc3.parameters"]}


def test_totals_follow_from_a_shape():
    # A layer not answered is taken as it follows: with 4x4 for 5x5 the first Linear has 256*120 + 120 = 30,840.
    found = follow({"pool2.output_shape": (16, 4, 4)}, "total.parameters")
    assert found == {(61_706 - 48_120 + 30_840,): ["pool2.output_shape"]}


def test_a_total_may_take_the_right_numbers_for_layers_not_answered():
    given = {"pool2.output_shape": (16, 4, 4), "conv2.parameters": (2400,)}
    found = follow(given, "total.parameters")
    assert found[(61_690,)] == ["conv2.parameters"]
    assert found[(61_690 - 48_120 + 30_840,)] == ["conv2.parameters", "pool2.output_shape"]


def test_flops_follow_from_macs_and_parameters_from_their_parts():
    assert follow({"conv1.macs": (117_000,)}, "conv1.flops") == {(234_000,): ["conv1.macs"]}
    assert follow({"total.macs": (400_000,)}, "total.flops") == {(800_000,): ["total.macs"]}
    given = {"conv1.weights": (25,), "conv1.biases": (6,)}
    assert follow(given, "conv1.parameters") == {(31,): ["conv1.weights"]}
    assert follow({"conv1.parameters": (150,)}, "conv1.parameter_memory") == {(600,): ["conv1.parameters"]}


def test_receptive_fields_follow_from_the_field_and_jump_before():
    # 6 for 5 after conv1: the pool adds (2 - 1)*1, conv2 adds (5 - 1)*2.
    given = {"conv1.receptive_field": (6,)}
    assert follow(given, "pool1.receptive_field") == {(7, 7): ["conv1.receptive_field"]}
    assert follow(given, "conv2.receptive_field") == {(15, 15): ["conv1.receptive_field"]}
    # A jump of 1 after the pool: conv2 then adds 4*1.
    given = {"pool1.jump": (1,)}
    assert follow(given, "conv2.receptive_field") == {(10, 10): ["pool1.jump"]}
    assert follow(given, "pool2.jump") == {(2, 2): ["pool1.jump"]}


def test_a_long_chain_takes_a_moment():
    # VGG-16 after pool5; the first window taken for 4 adds 1 to every field behind it.
    given = {"features.0.receptive_field": (4,)}
    path = SPECS / "vgg16.yaml"
    assert follow(given, "features.30.receptive_field", path) == {(213, 213): ["features.0.receptive_field"]}


def test_right_answers_lead_nowhere_else():
    given = {"conv1.output_shape": (6, 28, 28), "conv1.macs": (117_600,), "conv1.receptive_field": (5, 5)}
    for key in ("pool1.output_shape", "total.macs", "conv1.flops", "conv2.receptive_field"):
        assert follow(given, key) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"conv1.output_shape": (6, 2, 2)},  # conv2 no longer fits
        {"pool1.output_shape": (0, 14, 14)},
        {"pool1.output_shape": (6, 14)},
        {"conv1.output_shape": (6, 10**15, 10**15)},
    ],
)
def test_what_cannot_be_gone_on_with_is_left(given):
    found = follow(given, "conv2.output_shape")
    assert (16, 10, 10) not in found
    assert all(min(value) > 0 for value in found)


def test_branches_are_followed():
    # GoogLeNet's first Inception block sees 28x28; with 27x27 for maxpool2 all its branches give 27x27.
    given = {"maxpool2.output_shape": (192, 27, 27)}
    path = SPECS / "googlenet.yaml"
    names = [node.name for node in network(path).graph.nodes if node.name.startswith("inception3a")]
    assert follow(given, f"{names[-1]}.output_shape", path) == {(256, 27, 27): ["maxpool2.output_shape"]}
