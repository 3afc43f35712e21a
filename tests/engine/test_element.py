"""One output element taken apart, against the value that the kernels computed."""

from __future__ import annotations

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.element import trace
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.spec.load import loads

HEADS = """
input: [4, 2, 2]
layers:
  - {name: shuffle, type: ChannelShuffle, groups: 2}
heads:
  aux: {from: shuffle, train_only: true, layers: {type: Conv2d, out_channels: 1, kernel_size: 1}}
  out: {from: shuffle, layers: {type: Conv2d, out_channels: 1, kernel_size: 1}}
"""


def traced(name: str, index: tuple[int, ...]):
    graph = loads(HEADS)
    return trace(graph, name, index, random_input(graph), random_weights(graph))


def test_an_element_of_a_head_after_one_that_is_not_run():
    element = traced("out", (0, 1, 1))
    assert element.bias is not None
    assert sum(patch.total for patch in element.patches) + element.bias == pytest.approx(element.value, rel=1e-5)


def test_a_head_that_is_not_run_has_no_elements():
    with pytest.raises(CnncalcError, match="E228"):
        traced("aux", (0, 0, 0))


def test_a_shuffled_channel_is_not_shown_as_the_one_in_its_place():
    assert traced("shuffle", (1, 0, 0)).patches == []
