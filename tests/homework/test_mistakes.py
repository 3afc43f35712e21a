"""Each mistake of the catalogue, on a network where its number was worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from diagnosing import ask, network, of_gallery

import cnncalc
from cnncalc.homework.assignment import Counting
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.mistakes import BY_NAME, MISTAKES
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import QUANTITIES

NETWORKS = {
    "lenet": of_gallery("lenet"),
    # 8x5x5; 216 weights, 8 biases, 25 positions
    "halved": network("{name: c, type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1, stride: 2}", "[3, 10, 10]"),
    # 8x19x19
    "padded": network("{name: c, type: Conv2d, out_channels: 8, kernel_size: 5, padding: 2}", "[3, 19, 19]"),
    # 6x7x7 of 2 groups: 6*2*9 = 108 weights and 6 biases
    "grouped": network("{name: c, type: Conv2d, out_channels: 6, kernel_size: 3, groups: 2}", "[4, 9, 9]"),
    # the kernel reaches 3*(4 - 1) + 1 = 10: 2x11x11
    "dilated": network(
        "{name: c, type: Conv2d, out_channels: 2, kernel_size: 4, dilation: 3, bias: false}", "[1, 20, 20]"
    ),
    # 2x9x10: (8 + 3 - 3) + 1, (12 - 3) + 1
    "lopsided": network(
        "{name: c, type: Conv2d, out_channels: 2, kernel_size: 3, padding: [[2, 1], [0, 0]]}", "[1, 8, 12]"
    ),
    # (7 - 1)*3 - 2*1 + 2*(4 - 1) + 1 + 1 = 24: 3x24x24; 2*3*16 = 96 weights, 49 input positions
    "transposed": network(
        "{name: t, type: ConvTranspose2d, out_channels: 3, kernel_size: 4, stride: 3, dilation: 2, padding: 1, "
        "output_padding: 1}",
        "[2, 7, 7]",
    ),
    # fields: 3, 4, 6 with jump 4; two units of up1 see one of pool2, so three see two, 6 + 4; three of up2 see two of
    # conv2, which look at four of up1 and so at three of pool2: 6 + 2*4 = 14, and by the rule 6 + 2*2 + 2*1
    "finer": network(
        """{name: conv1, type: Conv2d, out_channels: 1, kernel_size: 3, padding: 1}
        {name: pool1, type: MaxPool2d, kernel_size: 2}
        {name: pool2, type: MaxPool2d, kernel_size: 2}
        {name: up1, type: Upsample, scale_factor: 2}
        {name: conv2, type: Conv2d, out_channels: 1, kernel_size: 3, padding: 1}
        {name: up2, type: Upsample, scale_factor: 2}
        {name: conv3, type: Conv2d, out_channels: 1, kernel_size: 3, padding: 1}""",
        "[1, 32, 32]",
    ),
    # 8x5x5 of 8x11x11, and with ceil_mode 8x6x6
    "pooled": network("{name: p, type: MaxPool2d, kernel_size: 2}", "[8, 11, 11]"),
    "ceiled": network("{name: p, type: MaxPool2d, kernel_size: 2, ceil_mode: true}", "[8, 11, 11]"),
    # ceil((5 + 2 - 2) / 2) + 1 = 4 windows, of which the last would start in the padding: 3
    "overhung": network("{name: p, type: MaxPool2d, kernel_size: 2, padding: 1, ceil_mode: true}", "[1, 5, 5]"),
    "pointed": network("{name: p, type: AdaptiveMaxPool2d, output_size: 1}", "[8, 5, 5]"),
    # 16x6x6 -> pool 16x3x3 -> 144 -> 10: 1440 weights and 10 biases
    "classified": network(
        """{name: p, type: MaxPool2d, kernel_size: 2}
        {name: f, type: Flatten}
        {name: fc, type: Linear, out_features: 10}""",
        "[16, 6, 6]",
    ),
    "normalised": network("{name: bn, type: BatchNorm2d}\n{name: act, type: ReLU}", "[32, 4, 4]"),
    # GroupNorm: 2 numbers for each of 32 channels. LayerNorm: 2 for each of 32*4*4 = 512 elements
    "grouped_norm": network("{name: gn, type: GroupNorm, num_groups: 8}", "[32, 4, 4]"),
    "layered": network("{name: ln, type: LayerNorm}", "[32, 4, 4]"),
    "joined": network(
        """{name: a, type: Conv2d, out_channels: 4, kernel_size: 1}
        {name: b, type: Conv2d, out_channels: 6, kernel_size: 1, from: input}
        {name: both, type: Concat, from: [a, b]}
        {name: again, type: Conv2d, out_channels: 10, kernel_size: 1}
        {name: sum, type: Add, from: [both, again]}
        {name: g, type: AdaptiveAvgPool2d, output_size: 4}""",
        "[2, 12, 12]",
    ),
    # fields: conv1 3, pool1 3 + 1 = 4, conv2 4 + 4*2 = 12; jumps 1, 2, 2; then all 16 positions
    "seeing": network(
        """{name: conv1, type: Conv2d, out_channels: 1, kernel_size: 3, padding: 1}
        {name: pool1, type: MaxPool2d, kernel_size: 2}
        {name: conv2, type: Conv2d, out_channels: 1, kernel_size: 5, padding: 2, stride: 3}
        {name: conv3, type: Conv2d, out_channels: 1, kernel_size: 2}
        {name: f, type: Flatten}
        {name: fc, type: Linear, out_features: 2}""",
        "[1, 16, 16]",
    ),
    # 3, then 3 + 2*4 = 11
    "spread": network(
        """{name: c1, type: Conv2d, out_channels: 1, kernel_size: 3}
        {name: c2, type: Conv2d, out_channels: 1, kernel_size: 3, dilation: 4}""",
        "[1, 30, 30]",
    ),
    # 20, 20 and 84 parameters; maps 4x8x8, 4x8x8, 4x4x4, 64, ...
    "summed": network(
        """{name: c1, type: Conv2d, out_channels: 4, kernel_size: 1}
        {name: c2, type: Conv2d, out_channels: 4, kernel_size: 1}
        {name: c3, type: Conv2d, out_channels: 4, kernel_size: 1}
        {name: bn, type: BatchNorm2d}
        {name: act, type: ReLU}
        {name: p, type: MaxPool2d, kernel_size: 4}
        {name: f, type: Flatten}
        {name: fc, type: Linear, out_features: 5}""",
        "[4, 8, 8]",
    ),
    "halves": network(
        "{name: c, type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1, stride: 2}",
        "[3, 10, 10]",
        Counting(dtype="float16", batch=4, channels="last", bias_in_macs=True),
    ),
}

HAND = [
    ("transposed", "t.output_height", 1, "transposed-as-convolution"),  # floor((7 + 2 - 7) / 3) + 1
    ("transposed", "t.macs", 96 * 24 * 24, "transposed-counted-as-convolution"),
    ("transposed", "t.macs", 96, "sources-forgotten"),
    ("transposed", "t.output_height", 7 * 3, "transposed-size-times-stride"),
    ("transposed", "t.output_height", 6 - 2 + 7 + 1, "transposed-size-kept"),
    ("transposed", "t.output_height", 21 - 2 + 7 + 1, "transposed-step-too-many"),
    ("transposed", "t.output_height", 18 + 2 + 7 + 1, "transposed-padding-added"),
    ("transposed", "t.output_height", 18 - 1 + 7 + 1, "transposed-padding-once"),
    ("transposed", "t.output_height", 18 + 7 + 1, "transposed-padding-forgotten"),
    ("transposed", "t.output_height", 18 - 2 + 1 + 1, "transposed-kernel-forgotten"),
    ("transposed", "t.output_height", 18 - 2 + 4 + 1, "transposed-dilation-forgotten"),
    ("transposed", "t.output_height", 18 - 2 + 7, "output-padding-forgotten"),
    ("transposed", "t.output_height", 18 - 2 + 7 + 2, "output-padding-twice"),
    ("transposed", "t.parameters", 96, "bias-forgotten"),
    ("finer", "conv3.receptive_field", 12, "finer-grid-by-rule"),
    ("transposed", "t.parameters", 3 * 16 + 3, "channels-forgotten"),
    ("transposed", "t.output_channels", 2, "input-channels-kept"),
    ("halved", "c.parameters", 216, "bias-forgotten"),
    ("halved", "c.parameters", 217, "bias-once"),
    ("halved", "c.parameters", 219, "bias-per-input-channel"),
    ("halved", "c.parameters", 240, "bias-per-kernel"),
    ("halved", "c.parameters", 80, "channels-forgotten"),
    ("halved", "c.parameters", 80, "kernel-once"),
    ("halved", "c.parameters", 28, "filters-forgotten"),
    ("halved", "c.parameters", 35, "filters-forgotten-in-weights"),
    ("halved", "c.parameters", 84, "channels-for-filters"),
    ("halved", "c.parameters", 584, "filters-for-channels"),
    ("halved", "c.parameters", 152, "kernel-sides-added"),
    ("halved", "c.parameters", 32, "kernel-forgotten"),
    ("halved", "c.parameters", 5600, "sharing-forgotten"),
    ("halved", "c.parameters", 5408, "sharing-forgotten-in-weights"),
    ("halved", "c.parameters", 250, "kernel-a-position"),
    ("halved", "c.parameters", 60200, "full-connection"),
    ("halved", "c.parameters", 200, "elements-for-parameters"),
    ("halved", "c.parameters", 5400, "macs-for-parameters"),
    ("halved", "c.weights", 224, "bias-counted"),
    ("dilated", "c.receptive_field", 8, "field-dilation-added"),
    ("halved", "c.biases", 1, "bias-once"),
    ("halved", "c.biases", 200, "sharing-forgotten"),
    ("halved", "c.locally_connected", 224, "sharing-kept"),
    ("halved", "c.locally_connected", 5408, "bias-shared"),
    ("halved", "c.fully_connected", 5600, "local-connection"),
    ("halved", "c.parameter_memory", 224, "elements-for-bytes"),
    ("halved", "c.parameter_memory", 800, "output-for-parameters"),
    ("halved", "c.macs", 216, "positions-forgotten"),
    ("halved", "c.macs", 1080, "one-axis-of-positions"),
    ("halved", "c.macs", 21600, "input-positions"),
    ("halved", "c.macs", 4704, "padded-zeros-left-out"),
    ("halved", "c.macs", 10800, "flops-for-macs"),
    ("halved", "c.macs", 5600, "bias-additions-counted"),
    ("halved", "c.macs", 5408, "bias-once-a-channel"),
    ("halved", "c.macs", 200, "elements-for-work"),
    ("halved", "c.macs", 224, "parameters-for-work"),
    ("halved", "c.flops", 5400, "macs-for-flops"),
    ("halved", "c.flops", 10600, "addition-fewer"),
    ("halved", "c.flops", 11200, "bias-as-product"),
    ("halves", "c.macs", 5400, "bias-additions-forgotten"),
    ("grouped", "c.parameters", 222, "groups-forgotten"),
    ("grouped", "c.parameters", 60, "groups-twice"),
    ("grouped", "c.output_channels", 3, "channels-per-group"),
    ("dilated", "c.parameters", 200, "kernel-dilated"),
    ("dilated", "c.parameters", 34, "bias-invented"),
    ("classified", "fc.parameters", 1584, "bias-per-input"),
    ("classified", "fc.parameters", 145, "units-forgotten"),
    ("classified", "fc.parameters", 170, "fed-channels-only"),
    ("classified", "fc.parameters", 100, "fed-positions-only"),
    ("classified", "fc.parameters", 5770, "flattened-before-pool"),
    ("classified", "p.parameters", 4, "pool-given-kernel"),
    ("classified", "p.parameters", 64, "pool-given-kernels"),
    ("classified", "p.parameters", 1024, "pool-given-filters"),
    ("classified", "p.parameters", 32, "pool-given-coefficients"),
    ("classified", "fc.parameters", 144 + 10, "inputs-and-outputs-added"),
    ("classified", "fc.parameters", 144 + 10 + 10, "inputs-and-outputs-added"),
    ("classified", "p.macs", 576, "pool-work-counted"),
    ("classified", "f.parameters", 144, "weightless-given-elements"),
    ("normalised", "bn.parameters", 128, "statistics-counted"),
    ("normalised", "bn.parameters", 32, "scale-only"),
    ("normalised", "bn.parameters", 0, "normalisation-forgotten"),
    ("normalised", "bn.parameters", 1024, "normalisation-per-element"),
    ("grouped_norm", "gn.parameters", 128, "own-statistics-counted"),
    ("grouped_norm", "gn.parameters", 16, "normalisation-per-group"),
    ("grouped_norm", "gn.parameters", 32, "scale-only"),
    ("grouped_norm", "gn.parameters", 1024, "normalisation-per-element"),
    ("grouped_norm", "gn.macs", 512, "normalisation-work-counted"),
    ("layered", "ln.parameters", 64, "normalisation-per-channel"),
    ("layered", "ln.parameters", 512, "scale-only-of-elements"),
    ("layered", "ln.parameters", 0, "normalisation-forgotten"),
    ("normalised", "bn.buffers", 65, "batch-counter-counted"),
    ("normalised", "bn.macs", 512, "normalisation-work-counted"),
    ("normalised", "bn.macs", 1024, "normalisation-work-counted-twice"),
    ("normalised", "act.macs", 512, "element-work-counted"),
    ("normalised", "act.parameters", 32, "weightless-given-channels"),
    ("padded", "c.output_shape", (8, 17, 17), "padding-once"),
    ("padded", "c.output_shape", (8, 15, 15), "padding-forgotten"),
    ("padded", "c.output_shape", (8, 23, 23), "padding-doubled"),
    ("padded", "c.output_shape", (12, 19, 19), "padding-on-channels"),
    ("padded", "c.output_shape", (8, 18, 18), "one-forgotten"),
    ("padded", "c.output_shape", (8, 20, 20), "one-too-many"),
    ("padded", "c.output_shape", (8, 4, 4), "stride-of-kernel"),
    ("padded", "c.output_shape", (8, 24, 24), "kernel-not-subtracted"),
    ("padded", "c.output_shape", (3, 19, 19), "input-channels-kept"),
    ("padded", "c.output_shape", (24, 19, 19), "channels-multiplied"),
    ("padded", "c.output_shape", (3, 19, 19), "input-shape-repeated"),
    ("padded", "c.output_shape", (19, 19, 8), "channels-last"),
    ("padded", "c.output_shape", (19, 19), "channels-left-out"),
    ("padded", "c.output_shape", 2888, "elements-for-shape"),
    ("padded", "c.macs", 173400, "padding-once"),
    ("padded", "c.output_elements", 1800, "padding-forgotten"),
    ("halves", "c.output_shape", (5, 8, 5), "channels-first"),
    ("lopsided", "c.output_height", 10, "padding-before-twice"),
    ("lopsided", "c.output_height", 8, "padding-after-twice"),
    ("lopsided", "c.output_shape", (2, 10, 9), "height-width-swapped"),
    ("dilated", "c.output_height", 17, "dilation-forgotten"),
    ("dilated", "c.output_height", 13, "dilation-added"),
    ("dilated", "c.output_height", 9, "dilation-multiplied"),
    ("pooled", "p.output_height", 10, "stride-forgotten"),
    ("pooled", "p.output_height", 6, "rounded-up"),
    ("pooled", "p.output_height", Fraction(11, 2), "not-rounded"),
    ("pooled", "p.output_height", 6, "size-over-stride-rounded-up"),
    ("pooled", "p.output_height", 11, "input-size-kept"),
    ("pooled", "p.output_shape", (4, 5, 5), "pool-shrinks-channels"),
    ("pooled", "p.output_shape", (1, 5, 5), "pool-merges-channels"),
    ("pooled", "p.output_shape", (16, 5, 5), "pool-doubles-channels"),
    ("ceiled", "p.output_height", 5, "rounded-down"),
    ("ceiled", "p.output_height", 5, "size-over-stride"),
    ("overhung", "p.output_height", 4, "overhang-kept"),
    ("classified", "p.output_height", 2, "one-inside"),
    ("classified", "f.output_shape", 16, "flattened-channels-only"),
    ("classified", "f.output_shape", 9, "flattened-positions-only"),
    ("classified", "f.output_shape", 22, "flattened-sum"),
    ("classified", "f.output_shape", (16, 9), "flattened-to-matrix"),
    ("classified", "fc.output_shape", 144, "inputs-for-outputs"),
    ("joined", "both.output_shape", (4, 12, 12), "first-input-only"),
    ("joined", "both.output_shape", (6, 12, 12), "last-input-only"),
    ("joined", "sum.output_shape", (20, 12, 12), "sum-laid-out"),
    ("joined", "g.output_shape", (10, 3, 3), "window-for-size"),
    ("padded", "c.output_shape", (1, 8, 19, 19), "batch-in-shape"),
    ("classified", "fc.output_shape", (10, 1, 1), "vector-as-map"),
    ("pointed", "p.output_shape", 8, "map-as-vector"),
    ("halved", "c.memory", 1600, "gradients-counted"),
    ("seeing", "conv2.receptive_field", 1 + 3 + 2 + 10, "kernel-whole"),
    ("seeing", "conv2.receptive_field", 1 + 2 + 1 + 10, "last-kernel-whole"),
    ("seeing", "conv2.receptive_field", 1 + 2 + 2 + 24, "own-stride-included"),
    ("seeing", "conv2.receptive_field", 8, "strides-ignored"),
    ("seeing", "conv3.receptive_field", 1 + 2 + 1 + 8 + 3, "previous-stride-only"),
    ("seeing", "conv3.receptive_field", 1 + 2 + 1 + 8 + 4, "jump-added"),
    ("seeing", "conv3.jump", 4, "jump-added"),
    ("seeing", "pool1.jump", 3, "strides-summed"),
    ("seeing", "conv2.receptive_field", 7, "pools-skipped"),
    ("seeing", "conv2.receptive_field", 11, "pool-kernels-skipped"),
    ("seeing", "conv2.receptive_field", 8, "pool-strides-skipped"),
    ("seeing", "conv2.receptive_field", 11, "field-from-zero"),
    ("seeing", "conv2.receptive_field", 5, "own-kernel-only"),
    ("seeing", "conv2.jump", 3, "own-stride-only"),
    ("seeing", "conv2.receptive_field", 4, "own-window-left-out"),
    ("seeing", "conv2.receptive_field", 10, "first-window-left-out"),
    ("seeing", "conv2.receptive_field", 30, "kernels-multiplied"),
    ("seeing", "conv2.receptive_field", 12 + 2 + 4, "field-padding-added"),
    ("seeing", "conv2.receptive_field", 12 - 2 - 4, "field-padding-subtracted"),
    ("seeing", "conv2.receptive_field", 6, "jump-for-field"),
    ("seeing", "conv2.jump", 12, "field-for-jump"),
    ("seeing", "conv2.receptive_field", 144, "field-area"),
    # conv3 12 + 1*6 = 18 of 3x3 - 1 = 2 units a side: 18 + 1*6 = 24 where the input has 16
    ("seeing", "fc.receptive_field", 24, "field-not-clipped"),
    ("seeing", "fc.receptive_field", 18, "whole-map-left-out"),
    ("spread", "c2.receptive_field", 5, "field-dilation-forgotten"),
    ("spread", "c2.receptive_field", 14, "field-dilation-multiplied"),
    ("halved", "c.memory", 200, "elements-for-bytes"),
    ("halved", "c.memory", 6400, "bits-for-bytes"),
    ("halved", "c.memory", 400, "two-bytes-a-number"),
    ("halved", "c.memory", 1600, "eight-bytes-a-number"),
    ("halved", "c.memory", Fraction(78125, 100), "kib-called-kb"),
    ("halved", "c.memory", Fraction(8192, 10), "kb-called-kib"),
    ("halved", "c.memory", Fraction(762939453125, 10**9), "mib-called-mb"),
    ("halved", "c.memory", Fraction(8388608, 10**4), "mb-called-mib"),
    ("halved", "c.memory", 100, "output-channels-forgotten"),
    ("halved", "c.memory", 1200, "input-counted"),
    ("halved", "c.memory", 2000, "input-added"),
    ("halved", "c.memory", 896, "parameters-for-memory"),
    ("halves", "c.memory", 400, "batch-forgotten"),
    ("halves", "c.memory", 3200, "four-bytes-a-number"),
    # the fullest moment: two maps of 256 numbers; in all 5*256 + 16 + 16 + 5; 60 + 8 + 85 parameters
    ("summed", "total.peak_memory", 4 * (6 * 256 - 256 + 16 + 16 + 5), "all-maps-kept"),
    ("summed", "total.peak_memory", 1024, "largest-map-only"),
    ("summed", "total.peak_memory", 2048 + 4 * (60 + 8 + 85), "parameters-added"),
    ("summed", "total.parameters", 133, "layer-left-out"),
    ("summed", "total.parameters", 173, "layer-twice"),
    ("summed", "total.parameters", 60, "convolutions-only"),
    ("summed", "total.parameters", 93, "convolutions-left-out"),
    ("summed", "total.parameters", 85, "fully-connected-only"),
    ("summed", "total.parameters", 68, "fully-connected-left-out"),
    ("summed", "total.parameters", 113, "repeats-counted-once"),
    ("summed", "total.parameters", 153 - 12 - 5, "bias-forgotten"),
    ("summed", "total.parameters", 161, "statistics-counted"),
    ("summed", "total.memory", 4 * (4 * 256 + 5), "weighted-layers-only"),
    ("summed", "total.parameters", 153 - 12, "bias-forgotten-in-convolutions"),
    ("summed", "total.parameters", 153 - 5, "bias-forgotten-in-fully-connected"),
    ("summed", "p.output_shape", (4, 8, 8), "another-layer"),
    # 85 parameters, four layers away
    ("summed", "c1.parameters", 85, "another-layer"),
    # LeNet-5 has 61,706: to hundreds
    ("lenet", "total.parameters", 61_700, "rounded-unsaid"),
    # 3, then all strides over 1: 2 and 3, and who starts with 1
    ("seeing", "conv2.jump", 5, "strides-summed"),
]


@pytest.mark.parametrize(("where", "key", "written", "name"), HAND)
def test_a_number_worked_out_by_hand_names_its_mistake(where, key, written, name):
    of = NETWORKS[where]
    value = written if isinstance(written, tuple) else (written,)
    found = Diagnoser(of).diagnose(ask(of, key), value)
    assert name in [one.mistakes[0].name for one in found if len(one.mistakes) == 1]


ELEMENTS = """
cnncalc: 1
input: [2, 3, 3]
layers:
  - {name: c, type: Conv2d, out_channels: 1, kernel_size: 2}
  - {name: act, type: ReLU}
  - {name: m, type: MaxPool2d, kernel_size: 2, from: input}
  - {name: a, type: AvgPool2d, kernel_size: 2, padding: 1, from: input}
  - {name: b, type: AvgPool2d, kernel_size: 2, padding: 1, count_include_pad: false, from: input}
  - {name: n, type: MaxPool2d, kernel_size: 2, padding: 1, from: input}
tensors:
  input: [[[-1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0, 0], [0, 2, 0], [0, 0, 3]]]
  c.weight: [[[[1, -2], [3, -4]], [[1, 0], [0, -1]]]]
  c.bias: [5]
"""


ELEMENTS_BY_HAND = [
    # channel 0: -1 - 4 + 12 - 20 = -13; channel 1: 1 - 2 = -1; with the bias -9
    ("c.output[0,0,0]", 4 + 6 - 8 + 5 + (-1 + 2) + 5, "kernel-flipped"),
    ("c.output[0,0,0]", -1 + 6 - 8 - 20 - 1 + 5, "kernel-transposed"),
    ("c.output[0,0,0]", -14, "element-bias-forgotten"),
    ("c.output[0,0,0]", -4, "element-bias-per-channel"),
    ("c.output[0,0,0]", -8, "first-channel-only"),
    ("c.output[0,0,0]", 0, "activation-applied"),
    ("act.output[0,0,0]", -9, "activation-forgotten"),
    ("m.output[0,0,0]", 2.5, "mean-for-largest"),
    ("n.output[0,0,0]", 0, "padding-compared"),
    # the window at the lower right holds 5, 6, 8, 9; the upper left only -1
    ("a.output[0,1,1]", 9, "largest-for-mean"),
    ("a.output[0,1,1]", 28, "sum-for-mean"),
    ("a.output[0,0,0]", -1, "divisor-without-padding"),
    ("b.output[0,0,0]", -0.25, "divisor-with-padding"),
    # at (0, 1): 2 and 3 below padding; at (1, 0): 4 and 7 beside it
    ("a.output[0,0,1]", 2.75, "row-column-swapped"),
]


@pytest.mark.parametrize(("key", "written", "name"), ELEMENTS_BY_HAND)
def test_an_element_worked_out_by_hand_names_its_mistake(key, written, name):
    of = Network(cnncalc.loads(ELEMENTS))
    found = Diagnoser(of).diagnose(ask(of, key), (Fraction(written),))
    assert name in [one.mistakes[0].name for one in found]


def test_every_mistake_is_tried_here():
    assert {row[-1] for row in (*HAND, *ELEMENTS_BY_HAND)} == set(BY_NAME)


def test_no_two_mistakes_share_a_name():
    assert len(BY_NAME) == len(MISTAKES)
    assert all(name == name.lower() and name.replace("-", "").isalpha() for name in BY_NAME)


def test_every_mistake_is_made_in_a_quantity_that_can_be_asked():
    assert all(mistake.quantities and mistake.quantities <= set(QUANTITIES) for mistake in MISTAKES)
