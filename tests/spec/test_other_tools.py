"""The words of other tools lead to types and arguments that there are, and are not words of ours."""

from __future__ import annotations

import pytest

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.layers.base import argument_fields
from cnncalc.spec import other_tools

ARGUMENTS = {argument for name in LAYERS for argument in argument_fields(layer_type(name))}


def test_what_is_meant_is_there():
    assert set(other_tools.TYPES.values()) <= set(LAYERS)
    assert {own for meant in other_tools.ARGUMENTS.values() for own in meant} <= ARGUMENTS


def test_a_word_of_ours_is_not_taken_for_another_tools():
    ours = {name for name in other_tools.TYPES if name in CANONICAL and CANONICAL[name] != other_tools.TYPES[name]}
    assert not ours
    assert not set(other_tools.ELSEWHERE) & ARGUMENTS


@pytest.mark.parametrize(
    ("item", "help"),
    [
        ("UpSampling2D", "did you mean Upsample?"),
        ("depth_to_space", "did you mean PixelShuffle?"),
        ("Spatial_Dropout2D", "did you mean Dropout2d?"),
        ("{type: GroupNorm, groups: 2}", "did you mean num_groups?"),
        ("{type: ReflectionPad2d, pad: 1}", "did you mean padding?"),
        ("{type: LeakyReLU, alpha: 0.2}", "did you mean negative_slope?"),
        ("{type: Hardtanh, min: 0, max_val: 4}", "did you mean min_val?"),
        ("{type: Mean, axes: [2, 3]}", "did you mean dim?"),
        ("{type: LayerNorm, epsilon: 0.001}", "did you mean eps?"),
        ("{type: GlobalAvgPool2d, data_format: channels_last}", "channels come first here"),
    ],
)
def test_what_other_tools_write_is_answered(item, help):
    with pytest.raises(CnncalcError) as caught:
        cnncalc.loads(f"input: [4, 8, 8]\nlayers:\n  - {item}\n")
    assert help in caught.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("type", "help"),
    [
        ("Reshape", "{type: Unflatten, dim: 1, unflattened_size: [512, 4, 4]}"),
        ("view", "to lay axes end to end write Flatten"),
        ("Permute", "axes keep their order here"),
        ("transpose", "axes keep their order here"),
    ],
)
def test_what_is_no_single_type_here_is_answered_with_what_to_write(type, help):
    with pytest.raises(CnncalcError) as caught:
        cnncalc.loads(f"input: [16]\nlayers: [{type}]\n")
    assert help in caught.value.diagnostics[0].help
