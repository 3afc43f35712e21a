"""`doctor`: what this installation is made of, and whether it computes right."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cnncalc
from cnncalc.cli.guard import FINDING
from cnncalc.executors import cores
from cnncalc.layers import LAYERS
from cnncalc.render.doctor import show_examination
from cnncalc.render.progress import compiling
from cnncalc.render.screen import Screen
from cnncalc.render.to_json import SCHEMA_VERSION, dumps
from cnncalc.text import say

PACKAGES = ("numpy", "numba", "llvmlite", "typer", "rich", "PyYAML", "safetensors", "Pillow")

SELF_TEST = """
input: [1, 3, 3]
layers:
  - {name: conv, type: Conv2d, out_channels: 1, kernel_size: 2, bias: false}
  - ReLU
  - Flatten
  - {type: Linear, out_features: 2}
tensors:
  input: [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
  conv.weight: [[[[-1, 0], [0, 1]]]]
  fc1.weight: [[1, 1, 1, 1], [1, -1, 1, -1]]
  fc1.bias: [0.5, 0]
"""
EXPECTED = [16.5, 0.0]
"""By hand: each window gives -1*a + 1*d = 4, four times; 4 + 4 + 4 + 4 + 0.5 = 16.5 and 4 - 4 + 4 - 4 = 0."""


def examine(*, warm: bool, as_json: bool, color: str) -> int:
    """Print what there is and the self-test's outcome; return the exit code. With `warm`, first compile all kernels."""
    compiled = compile_kernels(color) if warm else 0
    facts = gather()
    facts["kernels"]["compiled_now"] = compiled
    if as_json:
        sys.stdout.write(dumps({"schema_version": SCHEMA_VERSION, **facts}))
    else:
        show_examination(Screen(sys.stdout, color), facts)
    return 0 if facts["self_test"]["passed"] else FINDING


def compile_kernels(color: str) -> int:
    """Compile all kernels for this processor that are not kept yet; return how many: 0 where none can be kept."""
    from cnncalc.engine.cache import cache_state
    from cnncalc.engine.native import compile_all
    from cnncalc.engine.warm import all_kernels

    if cache_state().folder is None:
        return 0
    with compiling(color) as on_compile:
        return compile_all(all_kernels(), on_compile)


def gather() -> dict[str, Any]:
    """Return versions, processor, kernels, cache, threads, encoding, and the self-test's outcome."""
    from cnncalc.engine.cache import cache_state
    from cnncalc.engine.target import target
    from cnncalc.engine.warm import all_kernels

    kernels = all_kernels()
    ready = sum(kernel.is_ready for kernel in kernels)
    state = cache_state()
    return {
        "cnncalc": cnncalc.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "cache_folder": str(state.folder) if state.folder else None,
        "cache_note": state.note,
        "threads": cores(),
        "instructions": target().name,
        "kernels": {"count": len(kernels), "ready": ready},
        "stdout_encoding": sys.stdout.encoding,
        "without_fast_kernel": without_fast_kernel(),
        "self_test": self_test(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def without_fast_kernel() -> list[str]:
    """Return the layer types that the fast engine runs on the reference kernel."""
    from cnncalc.engine.plan.translate import BUILDERS

    return [name for name in LAYERS if name not in BUILDERS]


def self_test() -> dict[str, Any]:
    """Run a small network, worked out by hand, on the fast engine and by the definitions, with all checks.

    Its numbers are small, so that float32 has them exactly too.
    """
    network = cnncalc.loads(SELF_TEST, source=say("self-test"))
    proofs = [cnncalc.run(network, verify=True), cnncalc.run(network, dtype="float64")]
    outputs = [[float(value) for value in proof.output[0]] for proof in proofs]
    values = next((output for output in outputs if output != EXPECTED), EXPECTED)
    mismatches = sum(len(proof.mismatches) for proof in proofs)
    return {
        "passed": values == EXPECTED and not mismatches,
        "checks": sum(len(proof.checks) for proof in proofs),
        "mismatches": mismatches,
        "output": values,
        "expected": EXPECTED,
    }
