"""Whole-process time of `cnncalc summary` and `run`, against what they cannot do without and against torchinfo.

The floor is a Python that imports typer, rich's table and yaml and stops, for `run` Numba too: the aim is to stay
within 1.5 times of it, for `run` with compiled code in the cache; without, it may take so many seconds. torchinfo
summarises the same ResNet-50, built here of torch's own modules; it is skipped where torch is missing.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from timing import CNNCALC, arguments, importable, interleaved, seconds, show

AIM = 1.5
FLOOR = [sys.executable, "-c", "import typer, rich.table, yaml"]
LENET = [*CNNCALC, "summary", "specs/lenet.yaml"]
RESNET = [*CNNCALC, "summary", "specs/resnet50.yaml"]
RUN = [*CNNCALC, "run", "specs/lenet.yaml"]
RUN_FLOOR = [sys.executable, "-c", "import numba, typer, rich.table, yaml"]
COLD = {"specs/lenet.yaml": 8, "specs/resnet50.yaml": 20}
"""Networks, and the seconds in which the first run ever, which compiles, is to be done."""
TORCHINFO = [sys.executable, "-c", """
import torch
from torch import nn
from torchinfo import summary

class Bottleneck(nn.Module):
    def __init__(self, inner, width, stride):
        super().__init__()
        def conv(i, o, k, s=1): return nn.Conv2d(i, o, k, s, k // 2, bias=False)
        self.conv1, self.bn1 = conv(inner, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        same = stride == 1 and inner == 4 * width
        self.downsample = None if same else nn.Sequential(conv(inner, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))

inner, stages = 64, []
for width, count, stride in (64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2):
    stages += [Bottleneck(inner if i == 0 else 4 * width, width, stride if i == 0 else 1) for i in range(count)]
    inner = 4 * width
network = nn.Sequential(
    nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1), *stages,
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
found = summary(network, (1, 3, 224, 224), verbose=1)
assert found.total_params == 25557032
"""]  # fmt: skip


def against_floor(commands: dict[str, list[str]], ours: str, rounds: int) -> tuple[list[dict[str, Any]], float]:
    """Time commands of which the first is the floor; return their rows, and how often the floor fits into `ours`."""
    times = interleaved(commands, rounds)
    floor = next(iter(times.values()))
    rows = [{"process": name, "seconds": spent, "times the floor": spent / floor} for name, spent in times.items()]
    return rows, times[ours] / floor


def cold_run(spec: str) -> float:
    """Return the time of a run for which all is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        return seconds([*CNNCALC, "run", spec], {"CNNCALC_CACHE_DIR": folder})


def verdict(met: bool) -> str:
    """Say whether an aim is met."""
    return "met" if met else "missed"


def main() -> None:
    """Time them in turns and print the ratios."""
    options = arguments(__doc__ or "", rounds=15)
    static = {"floor: import typer, rich.table, yaml": FLOOR, "summary lenet": LENET, "summary resnet50": RESNET}
    rows, ratio = against_floor(static, "summary lenet", options.rounds)
    executed, run_ratio = against_floor({"floor: and numba": RUN_FLOOR, "run lenet": RUN}, "run lenet", options.rounds)
    cold = {spec: cold_run(spec) for spec in COLD}
    rows += [*executed, *({"process": f"first run {spec}", "seconds": spent} for spec, spent in cold.items())]
    peers: dict[str, float] = {}
    if importable("torch", "torchinfo"):
        peers = interleaved({"torchinfo resnet50": TORCHINFO, "ours": RESNET}, min(3, options.rounds))
        rows.append({"process": "torchinfo resnet50", "seconds": peers["torchinfo resnet50"]})
    show([{"process": "", "seconds": 0.0, "times the floor": None} | row for row in rows], options.json)
    if options.json:
        return
    print(f"\nsummary lenet / floor = {ratio:.2f}; the aim is at most {AIM}: {verdict(ratio <= AIM)}")
    print(f"run lenet / floor = {run_ratio:.2f}; the aim is at most {AIM}: {verdict(run_ratio <= AIM)}")
    for spec, most in COLD.items():
        print(f"first run of {spec}: {cold[spec]:.1f} s; the aim is under {most}: {verdict(cold[spec] < most)}")
    if peers:
        print(f"torchinfo / cnncalc on ResNet-50 = {peers['torchinfo resnet50'] / peers['ours']:.1f}")
    else:
        print("torchinfo on ResNet-50: skipped, torch or torchinfo is not installed")


if __name__ == "__main__":
    main()
