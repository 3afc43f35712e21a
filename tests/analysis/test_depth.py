"""Depth against what the papers say of their networks, most often in their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.analysis.depth import depth
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("vgg11", 11),
        ("vgg13", 13),
        ("vgg16", 16),
        ("vgg16_bn", 16),
        ("vgg19", 19),
        ("resnet18", 18),
        ("resnet34", 34),
        ("resnet50", 50),
        ("resnet50_stride_in_1x1", 50),
        ("resnet101", 101),
        ("resnet152", 152),
        ("densenet121", 121),
        ("densenet169", 169),
        ("r3d_18", 18),
        ("m18", 18),
        ("alexnet", 8),  # Krizhevsky et al. 2012, section 3.5: five convolutional and three fully connected
        ("zfnet", 8),  # Zeiler and Fergus 2013, figure 3: "our 8 layer convnet model"
        ("googlenet", 22),  # Szegedy et al. 2014, section 5: "22 layers deep when counting only layers with parameters"
        ("mobilenet_v1", 28),  # Howard et al. 2017, section 3.2: depthwise and pointwise as separate layers
        ("unet", 23),  # Ronneberger et al. 2015, section 2: "In total the network has 23 convolutional layers"
        ("lenet_1998", 6),  # LeCun et al. 1998, section II.B: 7 layers with the output, which is not in the spec
    ],
)
def test_published(name: str, layers: int) -> None:
    assert depth(load(str(SPECS / f"{name}.yaml"))) == layers


def test_a_gate_and_a_shortcut_lie_beside_the_way() -> None:
    gated = loads("""
input: [4, 8, 8]
layers:
  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
  - {name: squeeze, type: GlobalAvgPool2d}
  - {name: fc1, type: Conv2d, out_channels: 1, kernel_size: 1}
  - {name: fc2, type: Conv2d, out_channels: 4, kernel_size: 1}
  - {name: scaled, type: Multiply, from: [conv, fc2]}
  - {name: shortcut, type: Conv2d, from: input, out_channels: 4, kernel_size: 1}
  - {type: Add, from: [scaled, shortcut]}
""")
    assert depth(gated) == 1


def test_heads_count_unless_only_training_runs_them() -> None:
    conv = "{type: Conv2d, out_channels: 2, kernel_size: 1}"
    text = f"input: [2, 4, 4]\nlayers: [{conv}]\nheads: {{side: {{from: conv1, layers: [{conv}, {conv}]}}}}\n"
    assert depth(loads(text)) == 3
    assert depth(loads(text.replace("from: conv1", "from: conv1, train_only: true"))) == 1


def test_no_weights_no_depth() -> None:
    assert depth(loads("input: [3]\nlayers: [ReLU]\n")) == 0
