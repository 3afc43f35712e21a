"""Fields of units that see unequally much: the forward rule against the exact sets of every unit, by execution too."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from cnncalc.analysis.fields import MOST_PHASES, Field, centre
from cnncalc.analysis.receptive import receptive
from cnncalc.analysis.window import window
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"

LAYERS = [
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 2, stride: 2}",
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 4, stride: 2, padding: 1}",
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 5, stride: 3, padding: 2, output_padding: 1}",
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 3, stride: 2, dilation: 2, padding: 1}",
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 3, stride: 2, dilation: 3}",
    "{type: ConvTranspose1d, out_channels: 1, kernel_size: 1, stride: 2}",
    "{type: Upsample, scale_factor: 2}",
    "{type: Upsample, scale_factor: 1.5}",
    "{type: Upsample, scale_factor: 2, mode: linear}",
    "{type: Upsample, scale_factor: 3, mode: linear}",
    "{type: Upsample, scale_factor: 0.75, mode: linear}",
    "{type: Conv1d, out_channels: 1, kernel_size: 3, padding: 1}",
    "{type: Conv1d, out_channels: 1, kernel_size: 2, stride: 2}",
    "{type: Conv1d, out_channels: 1, kernel_size: 3, dilation: 2, stride: 3, padding: 2}",
]


def of_unit(field: Field, unit: int) -> tuple[int, int] | None:
    """What a field says of one unit."""
    if not field.phases:
        return field.start + unit * int(field.jump), field.start + unit * int(field.jump) + field.size - 1
    periods, phase = divmod(unit, len(field.phases))
    ends = field.phases[phase]
    moved = periods * field.jump * len(field.phases)
    return ends and (ends[0] + int(moved), ends[1] + int(moved))


@pytest.mark.parametrize("first", LAYERS)
def test_the_forward_rule_gives_every_unit_that_no_border_clips(first: str) -> None:
    size = 60
    for rest in product(LAYERS, LAYERS[3::4]):
        graph = loads(f"input: [1, {size}]\nlayers:\n" + "".join(f"  - {layer}\n" for layer in (first, *rest)))
        last = graph.nodes[-1]
        (field,) = receptive(graph)[0][last.name].fields
        middle = range(last.output_shape[1] // 3, last.output_shape[1] * 2 // 3)
        seen = [window(graph, last.name, (unit,))[0] for unit in middle]
        assert seen == [of_unit(field, unit) for unit in middle], rest
        if len(field.phases) <= len(middle):
            assert field.size == max((ends[1] - ends[0] + 1 for ends in seen if ends), default=0), rest


UNET = """
input: [1, 96]
blocks:
  Down: {params: {out: 1}, layers: [{type: Conv1d, out_channels: 1, kernel_size: 3, padding: 1}]}
layers:
  - {name: a, type: Down}
  - {name: p1, type: MaxPool1d, kernel_size: 2}
  - {name: b, type: Down}
  - {name: p2, type: MaxPool1d, kernel_size: 2}
  - {name: c, type: Down}
  - {name: u2, UP}
  - {name: j2, type: Concat, from: [b, u2]}
  - {name: d, type: Down}
  - {name: u1, UP}
  - {name: j1, type: Concat, from: [a, u1]}
  - {name: e, type: Down}
"""


UPWARDS = {
    "transposed": "type: ConvTranspose1d, out_channels: 1, kernel_size: 2, stride: 2",
    "nearest": "type: Upsample, scale_factor: 2",
    "linear": "type: Upsample, scale_factor: 2, mode: linear",
    "overlapping": "type: ConvTranspose1d, out_channels: 1, kernel_size: 4, stride: 2, padding: 1",
    "corners": "type: Upsample, scale_factor: 2, mode: linear, align_corners: true",
    "shifted": "type: ConvTranspose1d, out_channels: 1, kernel_size: 3, stride: 2, padding: 1, output_padding: 1",
}


@pytest.mark.parametrize("up", UPWARDS)
def test_the_paths_of_a_unet_are_united_unit_by_unit(up: str) -> None:
    graph = loads(UNET.replace("UP", UPWARDS[up]))
    fields, warnings = receptive(graph)
    for name in ("j2", "d.conv1", "j1", "e.conv1"):
        (field,) = fields[name].fields
        count = next(node for node in graph.nodes if node.name == name).output_shape[1]
        seen = [window(graph, name, (unit,))[0] for unit in range(count)]
        inside = {unit: ends for unit, ends in enumerate(seen) if ends and ends[0] > 0 and ends[1] < 95}
        assert len(inside) > count // 4
        assert inside == {unit: of_unit(field, unit) for unit in inside}, name
        assert field.size == max(last - first + 1 for first, last in inside.values())
    # aligned corners stretch the path, and a kernel of 3 lays each unit half a position further
    assert bool(warnings) == (up in ("corners", "shifted"))


@pytest.mark.parametrize("mode", ["mode: nearest", "mode: linear", "mode: linear, align_corners: true"])
@pytest.mark.parametrize("size", [97, 103])
def test_the_paths_of_a_unet_of_odd_size_drift_apart(size: int, mode: str) -> None:
    """Maps are read at 97/48 of a step, so that what units see repeats only after more than there are."""
    text = UNET.replace("[1, 96]", f"[1, {size}]")
    text = text.replace("UP", f"type: Upsample, size: {size // 2}, {mode}", 1)
    graph = loads(text.replace("UP", f"type: Upsample, size: {size}, {mode}", 1))
    fields, _ = receptive(graph)
    for name in ("j2", "d.conv1", "j1", "e.conv1"):
        (field,) = fields[name].fields
        count = next(node for node in graph.nodes if node.name == name).output_shape[1]
        seen = [window(graph, name, (unit,))[0] for unit in range(count)]
        inside = {unit: ends for unit, ends in enumerate(seen) if ends and ends[0] > 0 and ends[1] < size - 1}
        assert len(inside) > count // 4
        assert inside == {unit: of_unit(field, unit) for unit in inside}, name
        # units at the border see as much, or by the coarsest step more
        assert 0 <= field.size - max(last - first + 1 for first, last in inside.values()) < 4, name


def test_a_pattern_longer_than_the_map_is_followed_unit_by_unit() -> None:
    """Three sizes without a common divisor: all repeats after 97*89*83 units, and there are 59."""
    layers = "".join(f"  - {{type: Upsample, size: {size}, mode: linear}}\n" for size in (97, 89, 83, 59))
    graph = loads(f"input: [1, 61]\nlayers:\n{layers}")
    (field,) = receptive(graph)[0]["up4"].fields
    seen = [window(graph, "up4", (unit,))[0] for unit in range(59)]
    inside = [unit for unit, ends in enumerate(seen) if ends and ends[0] > 0 and ends[1] < 60]
    assert len(inside) > 40
    assert [seen[unit] for unit in inside] == [of_unit(field, unit) for unit in inside]


@pytest.mark.parametrize("up", ["transposed", "nearest"])
def test_the_numbers_of_a_unet_by_hand(up: str) -> None:
    """c sees 1 + 2 + 1 + 2*2 + 2 + 2*4 = 18, and its units stand 4 apart; two units of u2 share one.

    So three neighbours of u2 see two units of c, 18 + 4. Three of u1 see two of d, which together look at four of u2
    and so, at most, at three of c: 18 + 8.
    """
    fields, _ = receptive(loads(UNET.replace("UP", UPWARDS[up])))
    sizes = {name: fields[name].fields[0].size for name in ("c.conv1", "u2", "d.conv1", "u1", "e.conv1")}
    assert sizes == {"c.conv1": 18, "u2": 18, "d.conv1": 22, "u1": 22, "e.conv1": 26}
    assert [fields[name].fields[0].jump for name in ("c.conv1", "u2", "u1")] == [4, 2, 1]
    assert fields["e.conv1"].fields[0].smallest == 22


def test_a_transposed_convolution_by_hand() -> None:
    """Kernel 3, stride 2: outputs 0, 2, 4 meet taps 0 and 2 of two inputs, 1, 3, 5 meet tap 1 of one."""
    graph = loads(
        "input: [1, 5]\nlayers:\n  - {name: up, type: ConvTranspose1d, out_channels: 1, kernel_size: 3, stride: 2}\n"
    )
    (field,) = receptive(graph)[0]["up"].fields
    assert field == Field(2, Fraction(1, 2), -1, ((-1, 0), (0, 0)))
    assert field.smallest == 1
    seen = [window(graph, "up", (unit,))[0] for unit in range(11)]
    assert seen == [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 4)]


def test_up_and_down_again_is_a_plain_field() -> None:
    graph = loads("""
input: [4, 8, 8]
layers:
  - {name: up, type: PixelShuffle, upscale_factor: 2}
  - {name: down, type: PixelUnshuffle, downscale_factor: 2}
""")
    fields, _ = receptive(graph)
    assert fields["up"].fields[0] == Field(1, Fraction(1, 2), 0, ((0, 0), (0, 0)))
    assert fields["down"].fields == (Field(1, 1, 0),) * 2


def test_nothing_is_seen_between_kernels_that_do_not_meet() -> None:
    graph = loads("""
input: [1, 6]
layers:
  - {name: up, type: ConvTranspose1d, out_channels: 1, kernel_size: 1, stride: 3, padding: 1}
  - {name: after, type: Conv1d, out_channels: 1, kernel_size: 2}
""")
    fields, _ = receptive(graph)
    assert fields["up"].fields[0].phases == (None, None, (1, 1))
    assert fields["up"].fields[0].smallest == 0
    assert fields["after"].fields[0].phases == (None, (1, 1), (1, 1))
    assert window(graph, "up", (0,)) == (None,)
    assert window(graph, "up", (5,)) == ((2, 2),)


def test_a_crop_sees_what_it_keeps_and_nothing_of_what_it_is_like() -> None:
    graph = loads("""
input: [1, 12]
layers:
  - {name: small, type: Conv1d, out_channels: 1, kernel_size: 7}
  - {name: crop, type: CenterCrop, from: [input, small]}
  - {name: both, type: Concat, from: [small, crop]}
""")
    fields, warnings = receptive(graph)
    assert fields["crop"].fields[0] == Field(1, 1, 3)
    assert window(graph, "crop", (0,)) == ((3, 3),)
    assert window(graph, "both", (0,)) == ((0, 6),)
    assert not warnings  # unit 0 of both is centred at 3


def test_a_pattern_that_is_too_long_is_followed_by_the_rule() -> None:
    """Corners aligned from 4,998 to 7,000 positions: 4,997/6,999 of a position apart, and no two units are alike."""
    graph = loads("""
input: [1, 5000]
layers:
  - {name: conv, type: Conv1d, out_channels: 1, kernel_size: 3}
  - {name: up, type: Upsample, size: 7000, mode: linear, align_corners: true}
  - {name: after, type: Conv1d, out_channels: 1, kernel_size: 3}
""")
    field = receptive(graph)[0]["after"].fields[0]
    exact = max(
        last - first + 1 for ((first, last),) in (window(graph, "after", (unit,)) for unit in range(0, 6998, 7))
    )
    assert len(field.phases) <= MOST_PHASES
    assert exact <= field.size <= exact + 2
    assert field.jump == Fraction(4997, 6999)


def test_units_are_centred_as_they_are_on_average() -> None:
    assert centre(Field(3, 2, -1)) == 0
    # even units see 0..1, odd ones the same: centred at 1/2 and, a jump of 1 taken off, at -1/2
    assert centre(Field(2, 1, 0, ((0, 1), (0, 1)))) == 0


def test_the_unet_of_the_gallery() -> None:
    """At the bottom 1 + (4 + 1)(1 + 2 + 4 + 8) + 4*16 = 140: two 3x3 and a 2x2 at each of four jumps, then two 3x3."""
    graph = load(str(SPECS / "unet.yaml"))
    fields, warnings = receptive(graph)
    bottom = min((node for node in graph.nodes if len(node.output_shape) == 3), key=lambda node: node.output_shape[1])
    assert bottom.output_shape == (1024, 28, 28)
    assert fields[bottom.name].fields == (Field(140, 16, 0),) * 2
    last = graph.nodes[-1]
    (field, _) = fields[last.name].fields
    middle = [window(graph, last.name, (unit, 200))[0] for unit in range(192, 208)]
    assert field.size == max(ends[1] - ends[0] + 1 for ends in middle if ends)
    assert not warnings
