"""A working gives what the analyzer says, and its arithmetic is true: on the gallery and for each use of a layer."""

from __future__ import annotations

from fractions import Fraction

import pytest
from diagnosing import GALLERY, SPECS, ask, evaluated, network, of_gallery, questions

import cnncalc
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.homework.assignment import Counting
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.workings import working_of
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import create

OTHER_WAYS = Counting(flops_per_mac=1, bias_in_macs=True, bias_in_parameters=False, dtype="int4", batch=3)


def lone_layers():
    for name in LAYERS:
        for index, sample in enumerate(layer_type(name).samples()):
            yield pytest.param(name, sample, id=f"{name}-{index}")


def graph_of(name, sample) -> Graph:
    """A layer alone; one that joins several inputs takes slices of the network's channels."""
    layer = create(layer_type(name), sample.arguments)
    output = layer.output_shape(sample.inputs)
    feeders = tuple(
        Node(f"in{at}", create(layer_type("Identity"), {}), (INPUT,), (shape,), shape)
        for at, shape in enumerate(sample.inputs)
    )
    sources = (INPUT,) if len(feeders) == 1 else tuple(node.name for node in feeders)
    nodes = feeders if len(feeders) > 1 else ()
    return Graph(name, sample.inputs[0], (*nodes, Node("layer", layer, sources, sample.inputs, output)))


def check(of: Network) -> int:
    """Check every working of a network; returns how many there were."""
    count = 0
    for asked in questions(of):
        right, working = of.value(asked), working_of(of, asked)
        assert working is not None, asked.key
        worked = working.worked()
        assert worked.value == working.value == right, asked.key
        assert evaluated(worked.numbers, len(right)) == right, f"{asked.key}: {worked.numbers}"
        count += 1
    return count


LARGE = {"vgg11", "vgg13", "vgg16_bn", "vgg19", "resnet34", "resnet50_stride_in_1x1", "resnet101", "resnet152"}
LARGE |= {"densenet121", "densenet169", "mobilenet_v3_large"}
"""Networks whose layers are those of others in the gallery, only more of them."""


@pytest.mark.parametrize("path", [path for path in GALLERY if path.stem not in LARGE], ids=lambda path: path.stem)
def test_every_working_of_the_gallery_gives_what_the_analyzer_says(path):
    assert check(Network(cnncalc.load(path))) > 20


@pytest.mark.parametrize("name", ["lenet", "resnet18"])
def test_a_course_s_own_counting_is_followed(name):
    assert check(Network(cnncalc.load(SPECS / f"{name}.yaml"), OTHER_WAYS)) > 100


@pytest.mark.parametrize(("name", "sample"), list(lone_layers()))
def test_every_use_of_every_layer_is_worked_out(name, sample):
    assert check(Network(graph_of(name, sample))) >= 10
    assert check(Network(graph_of(name, sample), OTHER_WAYS)) >= 10


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("conv2.parameters", "16*6*5*5 + 16"),
        ("conv2.macs", "16*6*5*5*10*10"),
        ("conv2.flops", "2*16*6*5*5*10*10"),
        ("conv2.output_shape", "16, (14 - 5) + 1, (14 - 5) + 1"),
        ("pool2.output_height", "floor((10 - 2) / 2) + 1"),
        ("pool2.receptive_field", "1 + (5 - 1)*1 + (2 - 1)*1 + (5 - 1)*2 + (2 - 1)*2"),
        ("conv2.jump", "2"),
        ("conv2.memory", "16*10*10*4"),
        ("flatten1.output_shape", "16*5*5"),
        ("fc1.parameters", "120*400 + 120"),
        ("total.biases", "6 + 16 + 120 + 84 + 10"),
        ("total.macs", "6*1*5*5*28*28 + 16*6*5*5*10*10 + 120*400 + 84*120 + 10*84"),
    ],
)
def test_workings_read_as_one_would_write_them(key, numbers):
    lenet = of_gallery("lenet")
    working = working_of(lenet, ask(lenet, key))
    assert working is not None
    assert working.worked().numbers == numbers


def test_layers_that_are_alike_stand_together_in_a_total():
    vgg = of_gallery("vgg16")
    working = working_of(vgg, ask(vgg, "total.biases"))
    assert working is not None
    text = working.worked().numbers
    assert text == "64 + 64 + 128 + 128 + 256 + 2*256 + 512 + 2*512 + 3*512 + 4096 + 4096 + 1000"


def test_an_argument_has_no_working():
    lenet = of_gallery("lenet")
    assert working_of(lenet, ask(lenet, "conv1.kernel_size")) is None


def test_what_someone_claims_is_not_taken_apart():
    """A shape put in place of a layer's own gives no wrong working."""
    from cnncalc.analysis.rebuild import rebuilt

    lenet = of_gallery("lenet")
    claimed = Network(rebuilt(lenet.graph, shapes={"conv1": (6, 27, 27), "flatten1": (300,)}))
    for asked in questions(claimed):
        working = working_of(claimed, asked)
        assert working is None or working.value == claimed.value(asked)
    after = working_of(claimed, Asked("pool1", "output_shape"))
    assert after is not None
    assert after.value == (6, 13, 13)


ELEMENTS = """
{name: conv1, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1, stride: 2}
{name: up1, type: ConvTranspose2d, out_channels: 4, kernel_size: 3, stride: 2, padding: 1, output_padding: 1}
{name: conv2, type: Conv2d, out_channels: 4, kernel_size: 2, stride: 2}
{name: relu1, type: ReLU}
{name: max1, type: MaxPool2d, kernel_size: 3, stride: 2, padding: 1}
{name: avg1, type: AvgPool2d, kernel_size: 2, stride: 2, padding: 1, ceil_mode: true}
{name: avg2, type: AvgPool2d, kernel_size: 2, stride: 1, padding: 1, count_include_pad: false}
{name: avg3, type: AvgPool2d, kernel_size: 2, stride: 1, divisor_override: 3}
{name: flatten1, type: Flatten}
{name: fc1, type: Linear, out_features: 3}
"""


@pytest.mark.parametrize(
    "key",
    [
        *(f"{name}.output[{c},{y},{x}]"
          for name in ("conv1", "up1", "relu1", "max1", "avg1", "avg2", "avg3")
          for c, y, x in ((0, 0, 0), (1, 0, 1), (2, 1, 1), (3, 1, 0))),
        "fc1.output[0]",
        "fc1.output[2]",
    ],
)  # fmt: skip
def test_an_element_is_what_the_engine_computes(key):
    of = network(ELEMENTS, "[3, 17, 17]")
    asked = ask(of, key)
    working = working_of(of, asked)
    assert working is not None
    right = float(of.value(asked)[0])
    assert float(working.value[0]) == pytest.approx(right, abs=1e-12)
    assert float(Fraction(evaluated(working.worked().numbers, 1)[0])) == pytest.approx(right, abs=1e-12)


def test_an_element_without_windows_has_no_working():
    of = network("{name: conv1, type: Conv2d, out_channels: 2, kernel_size: 3}\n{name: act, type: Sigmoid}")
    assert working_of(of, ask(of, "act.output[0,0,0]")) is None
