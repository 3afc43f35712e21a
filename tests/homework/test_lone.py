"""Sentences on a lone layer, in English and Chinese, against the layer that they describe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import ends

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph
from cnncalc.homework.assignment.lone import lone_layer
from cnncalc.layers.base import argument_fields


def arguments(graph: Graph) -> dict[str, Any]:
    """What the last layer was given, where it is not the default."""
    layer = graph.nodes[-1].layer
    given = {}
    for name, (kind, field) in argument_fields(type(layer)).items():
        value = getattr(layer, name)
        default = field.default
        if value is not None and (not isinstance(default, int | str) or value != kind.normalise(default, layer.axes)):
            given[name] = value
    return given


def wrong(sentence: str) -> tuple[Diagnostic, str]:
    """The one error, and the words that it stands at."""
    with pytest.raises(CnncalcError) as caught:
        lone_layer(sentence)
    (found,) = caught.value.diagnostics
    if found.span is None:
        return found, ""
    assert caught.value.sources[found.span.source] == sentence
    return found, sentence[found.span.column - 1 : found.span.end_column - 1]


TWO = ((2, 2), (2, 2))
ONE = ((1, 1), (1, 1))

CONVOLUTIONS = [
    (
        "input 32x32x3, ten 5x5 filters, stride 1, padding 2",
        (3, 32, 32),
        {"out_channels": 10, "kernel_size": (5, 5), "padding": TWO},
    ),
    (
        "输入 32x32x3，10 个 5x5 卷积核，步幅 1，填充 2",
        (3, 32, 32),
        {"out_channels": 10, "kernel_size": (5, 5), "padding": TWO},
    ),
    (
        "3x32x32 input, 10 filters of 5x5, no bias",
        (3, 32, 32),
        {"out_channels": 10, "kernel_size": (5, 5), "bias": False},
    ),
    ("输入 28×28，六个 3×3 卷积核，无偏置", (1, 28, 28), {"out_channels": 6, "kernel_size": (3, 3), "bias": False}),
    ("100 filters of 5x5 on a 300x300 RGB image", (3, 300, 300), {"out_channels": 100, "kernel_size": (5, 5)}),
    ("ten 5 by 5 kernels, input 28 by 28", (1, 28, 28), {"out_channels": 10, "kernel_size": (5, 5)}),
    (
        "63x63x16 input, 32 filters of 7x7, a stride of 2 and no padding",
        (16, 63, 63),
        {"out_channels": 32, "kernel_size": (7, 7), "stride": (2, 2)},
    ),
    (
        "7x7x3 input, three 3x3x3 filters, padding of 1, stride of 1",
        (3, 7, 7),
        {"out_channels": 3, "kernel_size": (3, 3), "padding": ONE},
    ),
    ("input (3, 200, 300), 8 filters of 3x5", (3, 200, 300), {"out_channels": 8, "kernel_size": (3, 5)}),
    ("input (3,224,224), 8 3x3 filters", (3, 224, 224), {"out_channels": 8, "kernel_size": (3, 3)}),
    (
        "64x56x56 input, 128 3x3 filters, groups 2, dilation 2",
        (64, 56, 56),
        {"out_channels": 128, "kernel_size": (3, 3), "groups": 2, "dilation": (2, 2)},
    ),
    (
        "64x56x56 input, depthwise 3x3, same padding",
        (64, 56, 56),
        {"out_channels": 64, "kernel_size": (3, 3), "groups": 64, "padding": "same"},
    ),
    (
        "输入 56x56x64，深度卷积 3x3，填充 1，步幅 2",
        (64, 56, 56),
        {"out_channels": 64, "kernel_size": (3, 3), "groups": 64, "padding": ONE, "stride": (2, 2)},
    ),
    ("input 14x14x256, 64 pointwise filters", (256, 14, 14), {"out_channels": 64, "kernel_size": (1, 1)}),
    (
        "input 1,000 samples, 2 channels, 16 1-d conv filters of length 9",
        (2, 1000),
        {"out_channels": 16, "kernel_size": (9,)},
    ),
    ("2x1000 input, conv1d, 16 filters of size 9", (2, 1000), {"out_channels": 16, "kernel_size": (9,)}),
    (
        "input 16x112x112x3, 64 3x7x7 filters, stride 1x2x2",
        (3, 16, 112, 112),
        {"out_channels": 64, "kernel_size": (3, 7, 7), "stride": (1, 2, 2)},
    ),
]


@pytest.mark.parametrize(("sentence", "shape", "given"), CONVOLUTIONS, ids=[case[0] for case in CONVOLUTIONS])
def test_a_convolution(sentence: str, shape: tuple[int, ...], given: dict[str, Any]) -> None:
    graph = lone_layer(sentence)
    assert [node.name for node in graph.nodes] == ["conv1"]
    assert graph.input_shape == shape
    assert arguments(graph) == given
    assert graph.name == sentence


OTHERS = [
    ("input 224x224x64, max pooling 2x2, stride 2", "pool1", "MaxPool2d", (64, 112, 112)),
    ("输入 224x224x64，最大池化 2x2，步幅 2", "pool1", "MaxPool2d", (64, 112, 112)),
    ("输入 224x224x64，2x2 最大汇聚层", "pool1", "MaxPool2d", (64, 112, 112)),
    ("32x32x16 input, max pooling with a stride of 2 and a filter size of 2", "pool1", "MaxPool2d", (16, 16, 16)),
    ("55x55x96 input, max pool 3x3, stride 2", "pool1", "MaxPool2d", (96, 27, 27)),
    ("input 7x7x512, average pooling 7x7", "pool1", "AvgPool2d", (512, 1, 1)),
    ("输入 7x7x512，全局平均池化", "pool1", "GlobalAvgPool2d", (512, 1, 1)),
    ("input 7x7x512, global average pooling", "pool1", "GlobalAvgPool2d", (512, 1, 1)),
    ("input 112x112x64, max pool 3x3, stride 2, ceil mode", "pool1", "MaxPool2d", (64, 56, 56)),
    ("input 300x300x3, fully connected, 100 units", "fc1", "Linear", (100,)),
    ("输入 300x300x3，全连接 100 个单元", "fc1", "Linear", (100,)),
    ("input 9216, fully connected, 4,096 units", "fc1", "Linear", (4096,)),
    ("784 features, dense layer with ten outputs, no bias", "fc1", "Linear", (10,)),
    ("input 56x56x64, batch normalisation", "bn1", "BatchNorm2d", (64, 56, 56)),
    ("输入 56x56x64，批量归一化", "bn1", "BatchNorm2d", (64, 56, 56)),
    ("input 100, batch norm", "bn1", "BatchNorm1d", (100,)),
]


@pytest.mark.parametrize(("sentence", "name", "type", "output"), OTHERS, ids=str)
def test_other_layers(sentence: str, name: str, type: str, output: tuple[int, ...]) -> None:
    last = lone_layer(sentence).nodes[-1]
    assert (last.name, last.type, last.output_shape) == (name, type, output)


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ("224x224x64", (64, 224, 224)),
        ("64x56x56", (64, 56, 56)),
        ("3x3x64", (64, 3, 3)),
        ("512x7x7", (512, 7, 7)),
        ("32x32x32", (32, 32, 32)),
        ("200x300x3", (3, 200, 300)),
        ("3x200x300", (3, 200, 300)),
        ("100x80x64 (channels last)", (64, 100, 80)),
        ("100x80x64 CHW", (100, 80, 64)),
        ("3x3x64 (channels first)", (3, 3, 64)),
        ("100x80x64 (HWC)", (64, 100, 80)),
        ("300x200 RGB image", (3, 300, 200)),
        ("40x30 grayscale image", (1, 40, 30)),
    ],
)
def test_which_size_is_the_channels(sizes: str, shape: tuple[int, ...]) -> None:
    assert lone_layer(f"input {sizes}, eight 1x1 filters").input_shape == shape


@pytest.mark.parametrize(
    ("sentence", "code", "place", "message"),
    [
        ("input 100x80x64, 8 3x3 filters", "E528", "input 100x80x64", "which of the sizes is the channels?"),
        ("100 filters of 5x5 on RGB", "E528", "100 filters of 5x5 on RGB", "names no input"),
        ("input 8x8x3, ten 3x3 fitlers", "E528", "ten 3x3 fitlers", "cannot be read: ten 3x3 fitlers"),
        ("input 8x8x3, ten 3x3 filters, stride 1, stride 2", "E528", "stride 2", "contradicts"),
        ("input 8x8x3, ten 3x3x4 filters", "E528", "3x3x4", "do not go through 3 channels"),
        ("input 8x8x3, max pooling 2x2, 10 filters", "E528", "10 filters", "does not belong"),
        ("input 8x8x3, 3x3 filters", "E528", "input 8x8x3, 3x3 filters", "number of filters"),
        ("input 8x8x3, ten filters", "E528", "input 8x8x3, ten filters", "size of the filters"),
        ("input 8x8x3, max pooling", "E528", "input 8x8x3, max pooling", "size of the pooling window"),
        ("input 8x8x3, fully connected", "E528", "input 8x8x3, fully connected", "number of units"),
        ("input 8x8x3", "E528", "input 8x8x3", "names no layer"),
        ("5 channels, input 3x8x8, ten 3x3 filters", "E528", "5 channels", "has 3 channels, and 5 are named"),
        ("64x56x56 input, depthwise 3x3, groups 2", "E528", "groups 2", "depthwise contradicts"),
        ("input 8x8x3, ten 9x9 filters", "E310", "9x9", "does not fit"),
        ("input 8x8x3, ten 3x3 filters, groups 2", "E306", "groups 2", "divisible by groups"),
        ("input 8x8x3, ten 3x3 filters, stride 0", "E204", "stride 0", "stride"),
        ("输入 8x8x3，10 个 9x9 卷积核", "E310", "9x9", "does not fit"),
    ],
)
def test_what_is_wrong_is_shown_in_the_sentence(sentence: str, code: str, place: str, message: str) -> None:
    found, words = wrong(sentence)
    assert (found.code, words) == (code, place)
    assert message in found.message
    assert found.help


def test_a_long_sentence_is_refused_at_once() -> None:
    found, _ = wrong("input 8x8x3, " * 1000)
    assert "500" in found.message


WORDS = re.findall(
    r"\S+",
    "input 3x32x32 ten 10 filters filter of 5x5 5 , stride padding same no bias max pooling average global channels "
    "1-d conv depthwise groups RGB (3, 32 ) 输入 个 卷积核 步幅 × 填充 全连接 单元 x by size 1,000; 0 batch norm",
)


@settings(max_examples=300, deadline=30_000)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_are_a_layer_or_an_error_with_a_way_out(words: list[str]) -> None:
    for joined in (" ".join(words), "".join(words)):
        try:
            graph = lone_layer(joined)
        except CnncalcError as error:
            assert all(found.span and found.span.end_column <= len(joined) + 1 for found in error.diagnostics)
        else:
            assert graph.nodes


def test_no_sentence_takes_long() -> None:
    for piece in ("1 ", "input input ", "size of ", "5x", "( ", "of of ", "3,", "二", "no padding "):
        with ends(), pytest.raises(CnncalcError):
            lone_layer((piece * 500)[:500])


@pytest.mark.parametrize(
    ("sentence", "shape", "expected"),
    [
        ("28x28 灰度图，10 个 5x5 卷积核，不含偏置", (1, 28, 28), {"out_channels": 10, "bias": False}),
        ("灰度图 28x28，10 个 5x5 卷积核，含偏置", (1, 28, 28), {"out_channels": 10, "bias": True}),
        ("彩色图 32x32，6 个 5x5 卷积核，不带偏置", (3, 32, 32), {"out_channels": 6, "bias": False}),
        ("input 784, fully connected hidden layer of 100 neurons", (784,), {"out_features": 100, "bias": True}),
        ("input 784, hidden layer of 100 neurons", (784,), {"out_features": 100}),
    ],
)
def test_sentences_of_courses_are_read(sentence: str, shape: tuple[int, ...], expected: dict[str, Any]) -> None:
    graph = lone_layer(sentence)
    assert graph.input_shape == shape
    assert {name: getattr(graph.nodes[-1].layer, name) for name in expected} == expected
