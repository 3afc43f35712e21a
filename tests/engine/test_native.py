"""Kernels have names and entries of their own, are compiled once, and hold nothing that is not there when loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnncalc.engine.kernels.movement import exchange
from cnncalc.engine.native import C_FUNCTION, Native, compile_all, fields, native
from cnncalc.engine.object_code import compile_object
from cnncalc.engine.schedule import begin
from cnncalc.engine.simd.memory import store_float
from cnncalc.engine.simd.vector import add, multiply

ROOT = Path(__file__).parents[2]
ROW = np.dtype([("y", "i8")])


def write(number: int, unit: object = 0) -> Native:
    @native(ROW)
    def kernel(arguments, chunk, scratch):
        store_float(fields(arguments).y, np.float32(number + chunk))
        unit  # noqa: B018

    return kernel


def written(kernel: Native, chunk: int = 0) -> float:
    place, arguments = np.zeros(1, np.float32), np.zeros(1, ROW)
    arguments["y"] = place.ctypes.data
    C_FUNCTION(kernel.address)(arguments.ctypes.data, chunk, 0)
    return float(place[0])


def test_names_tell_file_factory_and_parameters():
    assert begin.name == "schedule.begin"
    assert exchange(True).name == "copies.exchange(to_blocks=True)"
    assert write(3, add).name == "test_native.write(number=3, unit=add)"


def test_entries_differ_by_all_that_is_captured():
    variants = [write(1), write(2), write(True), write(1, 1.0), write(1, np.float32(1)), write(1, add)]
    variants += [write(1, multiply), write(1, len), write(1, (1, 2)), Native(write(1).function, np.dtype("i8"))]
    assert len({kernel.entry for kernel in variants}) == len(variants)
    assert write(1).entry == Native(write(1).function, ROW).entry


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(TypeError, match="numbers and functions"):
        _ = write(1, object()).entry


def test_kernels_outside_of_the_engine_are_not_kept():
    assert begin.is_kept and not write(1).is_kept
    assert not Native(begin.function, begin.row).is_loaded


def test_each_is_told_of_and_compiled_once():
    told = []
    seven, eight = write(7), write(8)
    kernels = [seven, eight, seven]
    assert compile_all(kernels, lambda *now: told.append(now)) == 2
    assert [number for _, *number in told] == [[1, 2], [2, 2]]
    assert compile_all(kernels, lambda *now: told.append(now)) == 0
    assert (written(seven), written(eight, 2), len(told)) == (7.0, 10.0, 2)


def test_a_kernel_that_needs_python_is_refused():
    def allocates(arguments, chunk, scratch):
        place = np.zeros(chunk)
        store_float(fields(arguments).y, np.float32(place.sum()))

    with pytest.raises(RuntimeError, match="NRT_"):
        compile_object(allocates, ROW, "allocates")


LOAD = """
import sys
from pathlib import Path
from cnncalc.engine.object_code import load_object
print(load_object(Path(sys.argv[1]).read_bytes(), "one") != 0, "numba" in sys.modules)
"""


def test_loading_needs_no_numba(tmp_path):
    (tmp_path / "one").write_bytes(compile_object(write(1).function, ROW, "one"))
    command = [sys.executable, "-c", LOAD, str(tmp_path / "one")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True False\n", "")
