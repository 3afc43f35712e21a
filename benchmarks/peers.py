"""The fast engine and what it is measured against, each as a function from one array to another.

All compute the same network: a PyTorch module is made of the spec's own graph and of our random weights, and ONNX
Runtime and OpenVINO read what PyTorch exports of it. Everyone takes a numpy array and gives one, in float32.
"""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import cnncalc
from cnncalc.engine.tensors import random_weights
from cnncalc.graph import INPUT, Graph, Node

Array = Any
Run = Callable[[Array], Array]

OURS = "cnncalc"
TITLES = {OURS: "cnncalc", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "pytorch": "PyTorch"}
"""All contenders by the names that options and JSON have for them."""
_MODULES = {"onnxruntime": ("onnxruntime", "onnx", "torch"), "openvino": ("openvino", "torch"), "pytorch": ("torch",)}
"""What each peer imports. PyTorch's exporter writes the ONNX file that the other two read."""


@dataclass(frozen=True)
class Subject:
    """A network with its weights, and the same as a PyTorch module where there is PyTorch."""

    graph: Graph
    weights: Mapping[str, Array]
    module: Any

    @classmethod
    def of(cls, graph: Graph) -> Subject:
        """Draw the weights by the rule that `cnncalc run` has, and give them to PyTorch too."""
        weights = random_weights(graph)
        return cls(graph, weights, torch_module(graph, weights) if find_spec("torch") else None)

    def truth(self, images: Array) -> Array | None:
        """Return the network's outputs in double precision, by PyTorch."""
        if self.module is None:
            return None
        import torch

        with torch.inference_mode():
            return copy.deepcopy(self.module).double()(torch.from_numpy(images).double()).numpy()

    def export(self, images: Array, path: Path) -> None:
        """Write the ONNX file for a batch of this size."""
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the older exporter, which needs no further package, says it is older
            torch.onnx.export(
                self.module, (torch.from_numpy(images),), str(path), dynamo=False, do_constant_folding=True
            )


def missing(name: str) -> list[str]:
    """Return what has to be installed before this contender can take part."""
    if name == OURS:
        return [] if hasattr(cnncalc, "compile") else ["the fast engine"]
    return [module for module in _MODULES[name] if not find_spec(module)]


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of these contenders, and of what ours is made of."""
    packages = ["numpy", "numba", "llvmlite", *(_MODULES[name][0] for name in names if name != OURS)]
    return {OURS: cnncalc.__version__} | {name: import_module(name).__version__ for name in packages}


# ---- contenders: each opens with a subject, a batch, threads and the ONNX file, and gives (run, close)


def open_ours(subject: Subject, batch: int, threads: int, onnx: Path) -> tuple[Run, Callable[[], None]]:
    """Our engine."""
    engine = cnncalc.compile(subject.graph, weights=subject.weights, batch=batch, threads=threads)
    return engine, engine.close


def open_onnxruntime(subject: Subject, batch: int, threads: int, onnx: Path) -> tuple[Run, Callable[[], None]]:
    """ONNX Runtime. Its threads spin within a run, and stop at its end so that they do not slow the next contender."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0], _nothing


def open_openvino(subject: Subject, batch: int, threads: int, onnx: Path) -> tuple[Run, Callable[[], None]]:
    """OpenVINO, for the shortest time of one call, held to float32: where it can it would take bfloat16."""
    import openvino

    core = openvino.Core()
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(core.read_model(onnx), "CPU", options).create_infer_request()
    return lambda images: request.infer([images], share_inputs=True)[0], _nothing


def open_pytorch(subject: Subject, batch: int, threads: int, onnx: Path) -> tuple[Run, Callable[[], None]]:
    """PyTorch as it comes."""
    import torch

    torch.set_num_threads(threads)

    def run(images: Array) -> Array:
        with torch.inference_mode():
            return subject.module(torch.from_numpy(images)).numpy()

    return run, _nothing


def _nothing() -> None:
    pass


OPENERS = {OURS: open_ours, "onnxruntime": open_onnxruntime, "openvino": open_openvino, "pytorch": open_pytorch}


# ---- a PyTorch module of a graph


def torch_module(graph: Graph, weights: Mapping[str, Array]) -> Any:
    """Make a PyTorch module whose submodules have the names of the graph's nodes, and so take our weights by name."""
    import torch

    traced = torch.fx.Graph()
    values = {INPUT: traced.placeholder(INPUT)}
    modules: dict[str, Any] = {}
    for node in graph.nodes:
        inputs = [values[name] for name in node.inputs]
        if node.type == "Concat":
            values[node.name] = traced.call_function(torch.cat, (inputs, node.layer.dim))
        elif node.type == "Add":
            values[node.name] = traced.call_function(operator.add, tuple(inputs))
        else:
            modules[node.name] = _torch_layer(graph, node)
            values[node.name] = traced.call_module(node.name, tuple(inputs))
    traced.output(values[graph.outputs[0]])
    module = torch.fx.GraphModule(modules, traced).eval()
    state = {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}
    absent, unknown = module.load_state_dict(state, strict=False)
    lost = [name for name in absent if not name.endswith("num_batches_tracked")]
    if lost or unknown:
        raise ValueError(f"{graph.name}: PyTorch lacks {lost} and does not know {unknown}")
    return module


def _torch_layer(graph: Graph, node: Node) -> Any:
    from torch import nn

    layer: Any = node.layer
    channels = node.input_shapes[0][0]
    if node.type == "Conv2d":
        size = (layer.kernel_size, layer.stride, _both_sides(layer.padding), layer.dilation)
        return nn.Conv2d(channels, layer.out_channels, *size, layer.groups, layer.bias, layer.padding_mode)
    if node.type == "BatchNorm2d":
        return nn.BatchNorm2d(channels, layer.eps)
    if node.type == "Linear":
        return nn.Linear(channels, layer.out_features, layer.bias)
    if node.type == "MaxPool2d":
        window = (layer.kernel_size, layer.stride, _both_sides(layer.padding), layer.dilation)
        return nn.MaxPool2d(*window, ceil_mode=layer.ceil_mode)
    if node.type == "AvgPool2d":
        window = (layer.kernel_size, layer.stride, _both_sides(layer.padding))
        return nn.AvgPool2d(*window, layer.ceil_mode, layer.count_include_pad, layer.divisor_override)
    if node.type == "AdaptiveAvgPool2d":
        return nn.AdaptiveAvgPool2d(layer.output_size)
    if node.type == "Flatten":
        return nn.Flatten(layer.start_dim, layer.end_dim)
    if node.type in ("ReLU", "ReLU6"):
        return getattr(nn, node.type)(inplace=_sole_reader(graph, node))
    return {"Sigmoid": nn.Sigmoid, "Dropout": nn.Identity}[node.type]()


def _sole_reader(graph: Graph, node: Node) -> bool:
    """Whether nobody else needs what this node reads, so that PyTorch may write over it, as its own networks do."""
    source = node.inputs[0]
    return source != INPUT and sum(reader.inputs.count(source) for reader in graph.nodes) == 1


def _both_sides(padding: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    if any(low != high for low, high in padding):
        raise ValueError(f"PyTorch pads both sides alike, not {padding}")
    return tuple(low for low, _ in padding)
