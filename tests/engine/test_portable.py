"""The paths of processors that this one is not: chosen by the environment, in a process each."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from on_target import NETWORKS
from planned import definition, numbers_for

X86 = platform.machine().lower() in ("x86_64", "amd64")
CHILD = Path(__file__).parent / "on_target.py"


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> Path:
    """The results of all nodes in float64."""
    found = {}
    for name, (graph, batch) in NETWORKS.items():
        x, weights = numbers_for(graph, batch)
        found |= {f"{name}.{node}": y for node, y in definition(graph, x, weights).items()}
    path = tmp_path_factory.mktemp("portable") / "right.npz"
    np.savez(path, **found)
    return path


def run_on(name: str, features: str, right: Path) -> dict:
    environment = {**os.environ, "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
    command = [sys.executable, str(CHILD), str(right)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def has(feature: str) -> bool:
    from llvmlite import binding

    return binding.get_host_cpu_features().get(feature, False)


@pytest.mark.skipif(not (X86 and has("avx2") and has("fma")), reason="this processor has no AVX2")
def test_avx2(right):
    found = run_on("haswell", "+avx,+avx2,+fma,+bmi,+bmi2,-avx512f", right)
    assert found["target"] == "AVX2"
    assert found["used"] == [["fma", "xmm", "ymm"], ["fma", "ymm"]]
    check(found)


@pytest.mark.skipif(not X86, reason="the plain path of other processors is their own")
def test_plain(right):
    found = run_on("x86-64", "", right)
    assert found["target"] == "plain"
    assert found["used"] == [["xmm"], ["xmm"]]
    check(found)


def check(found: dict) -> None:
    assert max(found["errors"]) <= 1e-5
    for kind in ("Direct", "Winograd", "Depthwise", "Transposed"):
        assert f"{kind}Convolution" in found["kinds"]
