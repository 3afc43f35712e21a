"""The loops against the ONNX project's own node tests, and the PyTorch layers it ships as converted models.

Each operator's attributes are turned into ours; what our layers cannot say is skipped with the reason, and the number
that really ran is stated for each operator, so that a conversion that quietly skips everything fails.
"""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.layers import layer_type
from cnncalc.layers.base import create

RUN = {
    "Conv": 32, "MaxPool": 23, "AveragePool": 17, "GlobalAveragePool": 2, "GlobalMaxPool": 2, "BatchNormalization": 7,
    "LRN": 2, "Softmax": 8, "LogSoftmax": 8, "Gemm": 5, "Relu": 2, "LeakyRelu": 5, "PRelu": 6, "Elu": 4, "Sigmoid": 3,
    "Tanh": 3, "HardSwish": 1, "Gelu": 4, "Flatten": 2, "Add": 1, "Mul": 2, "Concat": 12,
    "GroupNormalization": 2, "InstanceNormalization": 2, "LayerNormalization": 19, "MeanVarianceNormalization": 1,
    "Mish": 1, "Softplus": 3, "Clip": 4, "LpPool": 4, "Pad": 5, "ReduceMean": 8, "Dropout": 4, "Identity": 1,
    "ConvTranspose": 12, "Resize": 11, "Upsample": 1, "DepthToSpace": 1, "SpaceToDepth": 2,
}  # fmt: skip
"""Operator -> at least how many of its tests run."""


class NotExpressible(Exception):
    """Says why our layers cannot do what a node test asks for."""


def sliding(node, x):
    """Return kernel, stride, padding and dilation as our layers take them."""
    axes = x.ndim - 2
    pads = node.get("pads", [0] * 2 * axes)
    padding = [[pads[i], pads[axes + i]] for i in range(axes)]
    word = node.get("auto_pad", b"NOTSET").decode()
    if word in ("SAME_UPPER", "SAME_LOWER"):
        padding = word.lower()
    elif word == "VALID":
        padding = "valid"
    return {
        "kernel_size": node["kernel_shape"],
        "stride": node.get("strides", [1] * axes),
        "padding": padding,
    }, node.get("dilations", [1] * axes)


def conv(node, x, weight, bias=None):
    arguments, dilation = sliding({"kernel_shape": weight.shape[2:], **node}, x)
    more = {"out_channels": len(weight), "groups": node.get("group", 1), "bias": bias is not None, "dilation": dilation}
    tensors = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return f"Conv{x.ndim - 2}d", arguments | more, [x], tensors


def check_half(arguments, dilation):
    if not isinstance(arguments["padding"], str):
        for k, pair, d in zip(arguments["kernel_size"], arguments["padding"], dilation, strict=True):
            if max(pair) > (d * (k - 1) + 1) // 2:
                raise NotExpressible("PyTorch refuses padding over half the kernel")


def max_pool(node, x):
    arguments, dilation = sliding(node, x)
    check_half(arguments, dilation)
    if node["outputs"] > 1:
        raise NotExpressible("the indices of the maxima are asked for too")
    if x.dtype.kind != "f":
        raise NotExpressible("integers")
    return (
        f"MaxPool{x.ndim - 2}d",
        arguments | {"dilation": dilation, "ceil_mode": bool(node.get("ceil_mode", 0))},
        [x],
        {},
    )


def average_pool(node, x):
    arguments, dilation = sliding(node, x)
    check_half(arguments, dilation)
    if set(dilation) != {1}:
        raise NotExpressible("PyTorch's average pooling has no dilation")
    more = {"ceil_mode": bool(node.get("ceil_mode", 0)), "count_include_pad": bool(node.get("count_include_pad", 0))}
    return f"AvgPool{x.ndim - 2}d", arguments | more, [x], {}


def batch_norm(node, x, scale, bias, mean, variance):
    if node.get("training_mode", 0):
        raise NotExpressible("training")
    kind = f"BatchNorm{max(1, x.ndim - 2)}d"
    tensors = {"weight": scale, "bias": bias, "running_mean": mean, "running_var": variance}
    return kind, {"eps": round(node.get("epsilon", 1e-5), 9)}, [x], tensors


def lrn(node, x):
    names = {"size": "size", "alpha": "alpha", "beta": "beta", "bias": "k"}
    given = {ours: node[theirs] for theirs, ours in names.items() if theirs in node}
    # ONNX sums floor((size - 1) / 2) channels before and ceil after; PyTorch the other way round for even sizes.
    if given["size"] % 2 == 0:
        raise NotExpressible("an even size leans to the other side")
    return "LocalResponseNorm", given, [x], {}


def softmax(kind):
    def convert(node, x):
        if node["opset"] < 13 and x.ndim > 2:
            raise NotExpressible("before opset 13 all axes from `axis` on are taken as one")
        axis = node.get("axis", -1 if node["opset"] >= 13 else 1) % x.ndim
        if axis == 0:
            raise NotExpressible("along the batch")
        return kind, {"dim": axis}, [x], {}

    return convert


def gemm(node, a, b, c=None):
    if node.get("alpha", 1.0) != 1 or node.get("beta", 1.0) != 1 or node.get("transA", 0):
        raise NotExpressible("scaled or transposed input")
    weight = b if node.get("transB", 0) else b.T
    if c is not None and c.shape not in ((len(weight),), (1, len(weight))):
        raise NotExpressible("a bias that is not one an output")
    tensors = {"weight": weight} if c is None else {"weight": weight, "bias": c.reshape(-1)}
    return "Linear", {"out_features": len(weight), "bias": c is not None}, [a], tensors


def prelu(node, x, slope):
    # Before opset 7 a vector of slopes meant one a channel; since then it lies along the last axis.
    by_channel = (x.shape[1], *(1,) * (x.ndim - 2))
    if slope.size > 1 and slope.shape != by_channel and not (node["opset"] < 7 and slope.shape == x.shape[1:2]):
        raise NotExpressible(f"slopes {slope.shape} for {x.shape}, opset {node['opset']}")
    return "PReLU", {"num_parameters": slope.size}, [x], {"weight": slope.reshape(-1)}


def elementwise(kind, **renamed):
    def convert(node, x):
        return kind, {ours: node[theirs] for theirs, ours in renamed.items() if theirs in node}, [x], {}

    return convert


def leaky_relu(node, x):
    return "LeakyReLU", {"negative_slope": node.get("alpha", 0.01)}, [x], {}


def gelu(node, x):
    return "GELU", {"approximate": node.get("approximate", b"none").decode()}, [x], {}


def flatten(node, x):
    if node.get("axis", 1) != 1:
        raise NotExpressible("the batch joins in")
    return "Flatten", {}, [x], {}


def merge(kind):
    def convert(node, *xs):
        if any(x.dtype.kind != "f" for x in xs):
            raise NotExpressible("integers")
        if len({x.ndim for x in xs}) > 1:
            raise NotExpressible("an input with fewer axes")
        return kind, {}, list(xs), {}

    return convert


def concat(node, *xs):
    axis = node["axis"] % xs[0].ndim
    # Without a batch axis in the test, or along it, one is put in front.
    if axis == 0:
        return "Concat", {"dim": 1}, [x[None] for x in xs], {}
    return "Concat", {"dim": axis}, list(xs), {}


def group_norm(node, x, scale, bias):
    if node["opset"] < 21:
        raise NotExpressible("before opset 21 the scale is one a group")
    arguments = {"num_groups": node["num_groups"], "eps": round(node.get("epsilon", 1e-5), 9)}
    return "GroupNorm", arguments, [x], {"weight": scale, "bias": bias}


def instance_norm(node, x, scale, bias):
    arguments = {"affine": True, "eps": round(node.get("epsilon", 1e-5), 9)}
    return f"InstanceNorm{x.ndim - 2}d", arguments, [x], {"weight": scale, "bias": bias}


def layer_norm(node, x, scale, bias):
    arguments = {"normalized_shape": scale.shape, "eps": round(node.get("epsilon", 1e-5), 9)}
    return "LayerNorm", arguments, [x[None]], {"weight": scale, "bias": bias}  # the batch may be normalised too


def mean_variance(node, x):
    if node.get("axes", [0, 2, 3]) != [0, 2, 3]:
        raise NotExpressible("other axes than the batch's and the positions")
    return "BatchNorm2d", {"track_running_stats": False, "affine": False, "eps": 1e-9}, [x], {}


def clip(node, x, *bounds):
    bounds = bounds or tuple(np.float32(node[bound]) for bound in ("min", "max") if bound in node)
    if len(bounds) < 2:
        raise NotExpressible("one bound, or none")
    if bounds[0] >= bounds[1]:
        raise NotExpressible("PyTorch refuses a lower bound over the upper")
    return "Hardtanh", {"min_val": float(bounds[0]), "max_val": float(bounds[1])}, [x], {}


def power_pool(node, x):
    arguments, dilation = sliding(node, x)
    if arguments.pop("padding") != [[0, 0]] * (x.ndim - 2) or set(dilation) != {1}:
        raise NotExpressible("PyTorch's has neither padding nor dilation")
    # ONNX takes the magnitude of each element, PyTorch the element.
    return f"LPPool{x.ndim - 2}d", arguments | {"norm_type": node.get("p", 2)}, [abs(x)], {}


def pad(node, x, pads=None, value=None, axes=None):
    if axes is not None:
        raise NotExpressible("some axes only")
    pads = list(node["pads"] if pads is None else pads)
    kind = {"constant": "Constant", "reflect": "Reflection", "edge": "Replication", "wrap": "Circular"}
    word = node.get("mode", b"constant").decode()
    before, after = pads[: x.ndim], pads[x.ndim :]
    if any((*before[:2], *after[:2])):
        raise NotExpressible("padding of the batch or the channels")
    sides = [int(side) for pair in reversed(list(zip(before[2:], after[2:], strict=True))) for side in pair]
    fill = {"value": float(node.get("value", 0.0) if value is None else value)} if word == "constant" else {}
    return f"{kind[word]}Pad{x.ndim - 2}d", {"padding": sides, **fill}, [x], {}


def reduce_mean(node, x, axes=None):
    axes = node.get("axes") if axes is None else axes
    dims = range(x.ndim) if axes is None or not len(axes) else [int(axis) % x.ndim for axis in axes]
    keep = bool(node.get("keepdims", 1))
    return "Mean", {"dim": [dim + 1 for dim in dims], "keepdim": keep}, [x[None]], {}


def conv_transpose(node, x, weight, bias=None):
    axes = x.ndim - 2
    kernel, strides = weight.shape[2:], node.get("strides", [1] * axes)
    dilations, extra = node.get("dilations", [1] * axes), node.get("output_padding", [0] * axes)
    full = [
        s * (n - 1) + e + d * (k - 1) + 1
        for n, k, s, d, e in zip(x.shape[2:], kernel, strides, dilations, extra, strict=True)
    ]
    word = node.get("auto_pad", b"NOTSET").decode()
    wanted = node.get("output_shape")
    if word.startswith("SAME"):
        wanted = [n * s for n, s in zip(x.shape[2:], strides, strict=True)]
    pads = node.get("pads", [0] * 2 * axes)
    before, after = list(pads[:axes]), list(pads[axes:])
    if wanted:
        total = [most - size for most, size in zip(full, wanted, strict=True)]
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        before, after = (small, large) if word == "SAME_UPPER" else (large, small)
    # what is cut off behind is less by the output_padding
    more = [b - a + e for b, a, e in zip(before, after, extra, strict=True)]
    if min(more) < 0 or min(before) < 0:
        raise NotExpressible("cuts off more behind than before")
    arguments = {
        "out_channels": weight.shape[1] * node.get("group", 1),
        "kernel_size": kernel,
        "stride": strides,
        "dilation": dilations,
        "padding": before,
        "output_padding": more,
        "groups": node.get("group", 1),
        "bias": bias is not None,
    }
    tensors = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return f"ConvTranspose{axes}d", arguments, [x], tensors


def resize(node, x, *more):
    for name in ("antialias", "exclude_outside"):
        if node.get(name, 0):
            raise NotExpressible(name)
    if node.get("keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise NotExpressible("one scale for all axes")
    given = more[-1]
    axes = list(node.get("axes", range(x.ndim)))
    if len(given) != len(axes) or len(more) > 1:
        raise NotExpressible("a region of interest")
    by_size = given.dtype == np.int64
    full = [x.shape[at] if by_size else 1.0 for at in range(x.ndim)]
    for axis, value in zip(axes, given, strict=True):
        full[axis] = int(value) if by_size else float(str(value))
    arguments = {"size" if by_size else "scale_factor": full[2:]}
    place = node.get("coordinate_transformation_mode", b"half_pixel").decode()
    mode = node.get("mode", b"nearest").decode()
    if mode == "nearest":
        ratios = [after / before for before, after in zip(x.shape[2:], full[2:], strict=True)] if by_size else full[2:]
        # rounded to the nearest from the middle of a pixel is rounded down from its edge, for whole factors
        alike = place == "half_pixel" and all(ratio == int(ratio) for ratio in ratios)
        if not alike or node.get("nearest_mode", b"round_prefer_floor") != b"round_prefer_floor":
            raise NotExpressible(f"nearest by {place}")
        return "Upsample", arguments, [x], {}
    if place not in ("half_pixel", "align_corners", "pytorch_half_pixel"):
        raise NotExpressible(place)
    if place == "pytorch_half_pixel" and 1 in full[2:] and mode == "linear":
        raise NotExpressible("PyTorch's old rule for an output of one position")
    if place == "align_corners" and not by_size and any(n * f % 1 for n, f in zip(x.shape[2:], full[2:], strict=True)):
        raise NotExpressible("corners aligned with a size that is not whole")
    words = {"linear": {3: "linear", 4: "bilinear", 5: "trilinear"}[x.ndim], "cubic": "bicubic"}
    return "Upsample", {**arguments, "mode": words[mode], "align_corners": place == "align_corners"}, [x], {}


def depth_to_space(node, x):
    if node.get("mode", b"DCR") != b"CRD":
        raise NotExpressible("another order of the channels")
    return "PixelShuffle", {"upscale_factor": node["blocksize"]}, [x], {}


def space_to_depth(node, x):
    if x.shape[1] > 1 and node.get("mode", b"DCR") != b"CRD":
        raise NotExpressible("another order of the channels")
    return "PixelUnshuffle", {"downscale_factor": node["blocksize"]}, [x], {}


def dropout(node, x, ratio=None, training=None):
    if training is not None and bool(training):
        raise NotExpressible("training")
    return "Dropout", {"p": float(node.get("ratio", 0.5) if ratio is None else ratio)}, [x], {}


def of_axes(kind):
    return lambda node, x: (f"{kind}{x.ndim - 2}d", {}, [x], {})


CONVERT = {
    "Conv": conv,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": of_axes("GlobalAvgPool"),
    "GlobalMaxPool": of_axes("GlobalMaxPool"),
    "BatchNormalization": batch_norm,
    "LRN": lrn,
    "Softmax": softmax("Softmax"),
    "LogSoftmax": softmax("LogSoftmax"),
    "Gemm": gemm,
    "Relu": elementwise("ReLU"),
    "LeakyRelu": leaky_relu,
    "PRelu": prelu,
    "Elu": elementwise("ELU", alpha="alpha"),
    "Sigmoid": elementwise("Sigmoid"),
    "Tanh": elementwise("Tanh"),
    "HardSwish": elementwise("Hardswish"),
    "Gelu": gelu,
    "Flatten": flatten,
    "Add": merge("Add"),
    "Mul": merge("Multiply"),
    "Concat": concat,
    "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "MeanVarianceNormalization": mean_variance,
    "Mish": elementwise("Mish"),
    "Softplus": elementwise("Softplus"),
    "Clip": clip,
    "LpPool": power_pool,
    "Pad": pad,
    "ReduceMean": reduce_mean,
    "Dropout": dropout,
    "Identity": elementwise("Identity"),
    "ConvTranspose": conv_transpose,
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
"""HardSigmoid is not here: its tests have slopes of 0.2 and 0.5, and PyTorch's is 1/6.

Nor is CenterCropPad: its tests pad, but for one that cuts off 3, of which ONNX takes 1 in front, and torchvision 2.
"""


def node_tests():
    """Yield (name, model, inputs, outputs) of the node tests that the onnx package generates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        for case in collect_testcases(None):
            inputs, outputs = case.data_sets[0]
            yield case.name, case.model, list(inputs), list(outputs)


def converted_models():
    """Yield the same of PyTorch's layers, stored in the package as models with their data."""
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "pytorch-converted"
    for model_file in sorted(folder.glob("*/model.onnx")):

        def read(kind, place=model_file.parent / "test_data_set_0"):
            files = sorted(place.glob(f"{kind}_*.pb"))
            return [numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes())) for file in files]

        model = onnx.load(model_file)
        stored = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
        names = [tensor.name for tensor in model.graph.initializer]
        fed = [value.name for value in model.graph.input if value.name not in names]
        given = dict(zip(names, stored, strict=True)) | dict(zip(fed, read("input"), strict=False))
        if all(name in given for node in model.graph.node[:1] for name in node.input):
            yield model_file.parent.name, model, [given[name] for name in model.graph.node[0].input], read("output")


@pytest.fixture(scope="module")
def cases():
    """Return operator -> [(name, attributes, inputs, output)], for models of that one node."""
    found = {}
    for name, model, inputs, outputs in [*node_tests(), *converted_models()]:
        nodes = model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in CONVERT and nodes[0].domain in ("", "ai.onnx"):
            attributes = {a.name: helper.get_attribute_value(a) for a in nodes[0].attribute}
            attributes |= {"opset": model.opset_import[0].version, "outputs": len(nodes[0].output)}
            found.setdefault(nodes[0].op_type, []).append((name, attributes, inputs, outputs[0]))
    return found


@pytest.mark.parametrize("operator", CONVERT)
def test_operator(cases, operator):
    ran, skipped = 0, Counter()
    for name, attributes, inputs, expected in cases[operator]:
        try:
            if not isinstance(inputs[0], np.ndarray) or inputs[0].dtype not in (np.float32, np.float64):
                raise NotExpressible("not of float32 or float64")
            kind, arguments, data, tensors = CONVERT[operator](attributes, *inputs)
            if data[0].ndim < 2:
                data, expected = [x[None] for x in data], expected[None]
            elif data[0].ndim > inputs[0].ndim:
                expected = expected[(None,) * (data[0].ndim - inputs[0].ndim)]
        except NotExpressible as reason:
            skipped[str(reason)] += 1
            continue
        layer = create(layer_type(kind), arguments)
        done = OPERATIONS[kind](layer, data, Tensors({f"n.{short}": tensor for short, tensor in tensors.items()}, "n"))
        assert (
            done.output.shape == expected.shape == (len(expected), *layer.output_shape([x.shape[1:] for x in data]))
        ), name
        few_digits = 1e-4 if name == "test_averagepool_2d_ceil_last_window_starts_on_pad" else 1e-5  # written with four
        np.testing.assert_allclose(done.output, expected, rtol=1e-4, atol=few_digits, err_msg=name)
        ran += 1
    assert ran >= RUN[operator], (ran, skipped)
