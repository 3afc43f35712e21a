"""Run by test_portable.py in a process of its own, whose environment forces an instruction set; prints JSON.

Two small networks run in the checked mode, against results in float64 whose file is the argument, and two kernels are
compiled to assembly, to see which registers they use.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from networks import build, conv
from planned import numbers_for

from cnncalc.engine.compiled import CHECKED, Engine
from cnncalc.engine.kernels.depthwise import depthwise
from cnncalc.engine.kernels.direct import convolve
from cnncalc.engine.object_code import compile_object
from cnncalc.engine.target import target

CONVOLUTIONS = build(
    (3, 26, 25),
    conv("first", 64, 3, stride=2, padding=1),
    ("norm", "BatchNorm2d", {}),
    ("relu", "ReLU6", {}),
    conv("winograd", 64, 3, padding=1),
    ("sum", "Add", {}, ["winograd", "relu"]),
    conv("depthwise", 64, 3, padding=1, groups=64),
    conv("strided", 64, 3, padding=1, groups=64, stride=2),
    conv("grouped", 40, 3, padding=2, groups=8, dilation=2),
    ("norm2", "BatchNorm2d", {}),
    ("relu2", "ReLU", {}),
    conv("pointwise", 23, 1),
    ("up", "ConvTranspose2d", {"out_channels": 9, "kernel_size": 3, "stride": 2}),
    ("flat", "Flatten", {}),
    ("dense", "Linear", {"out_features": 21}),
    ("softmax", "Softmax", {}),
)
OTHERS = build(
    (20, 11, 13),
    ("max", "MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
    ("gelu", "GELU", {}),
    ("mean", "GlobalAvgPool2d", {}),
    ("gate", "Sigmoid", {}),
    ("times", "Multiply", {}, ["gelu", "gate"]),
    ("shuffle", "ChannelShuffle", {"groups": 4}),
    ("avg", "AvgPool2d", {"kernel_size": 2, "stride": 2}),
)


NETWORKS = {"convolutions": (CONVOLUTIONS, 2), "others": (OTHERS, 3)}
"""What runs, and the batch."""


def worst_error(name: str, wanted: Mapping[str, np.ndarray]) -> tuple[float, set[str]]:
    """The largest error of any result, by its largest number, and the kinds of operations that ran."""
    graph, batch = NETWORKS[name]
    x, weights = numbers_for(graph, batch)
    with Engine(graph, weights, batch, 2, keep=True) as engine:
        found = engine.run(x)
        found |= {node.name: engine.result(node.name) for node in graph.executed}
        kinds = {type(one).__name__ for one in engine.plan.operations}
    pairs = [(y, wanted[f"{name}.{node}"]) for node, y in found.items() if y is not None]
    return float(np.max([np.abs(y - right).max() / np.abs(right).max() for y, right in pairs])), kinds


def registers(kernel) -> list[str]:
    """The kinds of registers in a kernel's assembly, and whether multiply-adds are fused."""
    assembly: list[str] = []
    machine = import_module("llvmlite.binding").TargetMachine
    emit = machine.emit_object

    def both(self, module):
        assembly.append(self.emit_assembly(module))
        return emit(self, module)

    machine.emit_object = both
    compile_object(kernel.function, kernel.row, "kernel")
    machine.emit_object = emit
    found = set(re.findall(r"%([xyz]mm|k)\d", assembly[0]))
    return sorted(found | ({"fma"} if "vfmadd" in assembly[0] else set()))


if __name__ == "__main__":
    os.environ[CHECKED] = "1"
    right = np.load(sys.argv[1])
    results = [worst_error(name, right) for name in NETWORKS]
    columns, rows = next(iter(target().tiles.items()))
    report = {
        "target": target().name,
        "errors": [error for error, _ in results],
        "kinds": sorted(set().union(*(kinds for _, kinds in results))),
        "used": [registers(convolve(rows, columns, 4)), registers(depthwise(3, 3, 1))],
    }
    print(json.dumps(report))
