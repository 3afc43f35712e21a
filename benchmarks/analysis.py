"""Time to read a spec and to analyse it, at 200, 2,000 and 20,000 layers, for several shapes of network.

A ratio near 10 a decade is linear. The aim is 20,000 layers analysed in under a second.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from timing import arguments, show

import cnncalc

HEAD = "cnncalc: 1\ninput: [8, 32, 32]\n"
SIZES = (200, 2_000, 20_000)

BLOCKS: dict[str, tuple[int, str]] = {
    "chain": (
        2,
        """blocks:
  Block:
    layers: [{type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1}, ReLU]
""",
    ),
    "residual": (
        5,
        """blocks:
  Block:
    layers:
      - {name: conv, type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1, bias: false}
      - BatchNorm2d
      - {name: last, type: ReLU}
      - {type: Add, from: [input, last]}
      - ReLU
""",
    ),
    "branches": (
        5,
        """blocks:
  Block:
    params: {half: 4}
    layers:
      - type: Concat
        branches:
          a: {type: Conv2d, out_channels: half, kernel_size: 1}
          b: [{type: Conv2d, out_channels: half, kernel_size: 3, padding: 1}, ReLU]
      - {type: Conv2d, out_channels: 2 * half, kernel_size: 1}
""",
    ),
}
"""Kind -> layers of one block, the block."""


def spec(kind: str, layers: int) -> str:
    """Return a network of `layers` layers of a kind: one block repeated, or each layer written out."""
    if kind == "written out":
        items = "  - {type: Conv2d, out_channels: 8, kernel_size: 1}\n  - ReLU\n" * (layers // 2)
        return f"{HEAD}layers:\n{items}"
    if kind == "dense":
        # Each layer reads all the maps so far, by a concatenation that grows: 100 layers a stage, then a 1x1 back to 8.
        stage = "\n".join(
            [
                "  Stage:",
                "    layers:",
                "      - {name: dense, type: Dense, repeat: 49}",
                "      - {type: Conv2d, out_channels: 8, kernel_size: 1}",
                "      - ReLU",
            ]
        )
        dense = "  Dense:\n    layers:\n      - {name: conv, type: Conv2d, out_channels: 2, kernel_size: 1}\n"
        dense += "      - {type: Concat, from: [input, conv]}\n"
        return f"{HEAD}blocks:\n{dense}{stage}\nlayers:\n  - {{name: s, type: Stage, repeat: {layers // 100}}}\n"
    length, block = BLOCKS[kind]
    return f"{HEAD}{block}layers:\n  - {{name: b, type: Block, repeat: {layers // length}}}\n"


def measure(text: str, rounds: int) -> tuple[int, float, float]:
    """Return the layers, and the median seconds to load and to analyse."""
    loading: list[float] = []
    analysing: list[float] = []
    count = 0
    for _ in range(rounds):
        start = time.perf_counter()
        graph = cnncalc.loads(text)
        middle = time.perf_counter()
        report = cnncalc.analyze(graph)
        loading.append(middle - start)
        analysing.append(time.perf_counter() - middle)
        count = len(report.layers)
    return count, median(loading), median(analysing)


def main() -> None:
    """Print seconds for each kind and size, and how they grow from one size to the next."""
    options = arguments(__doc__ or "", rounds=3)
    rows: list[dict[str, Any]] = []
    measure(spec("chain", 200), 1)  # imports are not what is measured
    for kind in (*BLOCKS, "dense", "written out"):
        before: tuple[float, float] | None = None
        for size in SIZES:
            count, load, analyse = measure(spec(kind, size), options.rounds)
            growth = (load / before[0], analyse / before[1]) if before else (None, None)
            rows.append(
                {
                    "network": kind,
                    "layers": count,
                    "load s": load,
                    "analyze s": analyse,
                    "load, a decade": growth[0],
                    "analyze, a decade": growth[1],
                }
            )
            before = load, analyse
    show(rows, options.json)


if __name__ == "__main__":
    main()
