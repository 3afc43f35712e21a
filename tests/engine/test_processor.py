"""What Numba compiles for is found as Numba finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.registry import cpu_target

from cnncalc.engine import processor, target

CHOSEN = [
    ({"NUMBA_CPU_NAME": "generic"}, "PLAIN"),
    ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}, "AVX2"),
    ({"NUMBA_CPU_FEATURES": "+avx512f"}, "AVX512"),
    ({"NUMBA_ENABLE_AVX": "0"}, "PLAIN"),
]
SCRIPT = """
from numba.core.registry import cpu_target
from cnncalc.engine.processor import compiled_for
from cnncalc.engine.target import target
print(compiled_for() == cpu_target.target_context.codegen().magic_tuple(), target().name)
"""


def test_this_machine_is_what_numba_takes_it_for():
    assert processor.compiled_for() == cpu_target.target_context.codegen().magic_tuple()


@pytest.mark.parametrize(("variables", "wanted"), CHOSEN)
def test_another_processor_may_be_chosen(variables, wanted, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **variables}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", *getattr(target, wanted).name.split()]


def test_its_file_chooses_too(tmp_path):
    (tmp_path / ".numba_config.yaml").write_text("cpu_name: generic\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", target.PLAIN.name]
