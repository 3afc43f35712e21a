"""The same bits, however many threads there are and however often it runs."""

import numpy as np
import pytest
from networks import build, conv
from planned import numbers_for

from cnncalc.engine import compiled
from cnncalc.engine.compiled import Engine

NETWORKS = {
    "residual": build(
        (3, 33, 31),
        conv("a", 32, 3, stride=2, padding=1),
        ("n", "BatchNorm2d", {}),
        ("r", "ReLU", {}),
        conv("b", 32, 3, padding=1),
        ("s", "Add", {}, ["b", "r"]),
        conv("d", 32, 3, padding=1, groups=32),
        ("g", "GlobalAvgPool2d", {}),
        ("q", "Sigmoid", {}),
        ("m", "Multiply", {}, ["d", "q"]),
        ("f", "Flatten", {}),
        ("l", "Linear", {"out_features": 50}),
        ("t", "Softmax", {}),
    ),
    "branches": build(
        (16, 17, 18),
        conv("a", 48, 1),
        conv("b", 20, 5, ["input"], padding=2, groups=4),
        ("p", "MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}, ["input"]),
        ("cat", "Concat", {}, ["a", "p", "b"]),
        ("n", "BatchNorm2d", {}),
        ("r", "ReLU", {}),
        conv("c", 64, 1),
        ("ln", "LayerNorm2d", {}),
        ("x", "ChannelShuffle", {"groups": 4}),
        ("u", "ConvTranspose2d", {"out_channels": 7, "kernel_size": 3, "stride": 2}),
        ("v", "AvgPool2d", {"kernel_size": 3, "stride": 2}),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_bits_for_any_number_of_threads_and_in_every_run(name, monkeypatch):
    monkeypatch.setattr(compiled, "TINY", 0)  # these would run on one thread
    monkeypatch.setenv(compiled.CHECKED, "")
    x, weights = numbers_for(NETWORKS[name], 2)
    found = set()
    for threads in (1, 2, 3, 5):
        with Engine(NETWORKS[name], weights, 2, threads) as engine:
            assert engine.threads == threads
            found |= {engine(x).tobytes() for _ in range(6)}
    assert len(found) == 1


def test_each_image_of_a_batch_is_what_it_is_alone():
    """Within rounding: a batch may be cut into other tiles."""
    x, weights = numbers_for(NETWORKS["branches"], 3)
    with Engine(NETWORKS["branches"], weights, 3, 1) as together, Engine(NETWORKS["branches"], weights, 1, 1) as alone:
        y = together(x)
        for image in range(3):
            one = alone(x[image : image + 1])
            assert np.abs(y[image] - one[0]).max() <= 1e-5 * np.abs(one).max()
