"""All kernels there are, so that `doctor --warm` misses none."""

from __future__ import annotations

import importlib
from pathlib import Path

from cnncalc.engine import kernels, warm


def test_every_file_of_kernels_is_in():
    folder = Path(kernels.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if "@native(" in path.read_text()}
    assert files == {kernel.function.__module__.rpartition(".")[2] for kernel in warm.all_kernels()} - {"machine"}


def test_each_kernel_is_there_once_and_may_be_kept():
    found = warm.all_kernels()
    assert len({kernel.entry for kernel in found}) == len({kernel.name for kernel in found}) == len(found)
    assert all(kernel.is_kept for kernel in found)


def test_the_list_does_not_depend_on_when_it_is_asked_for():
    importlib.reload(warm)
    assert [kernel.entry for kernel in warm.all_kernels()] == [kernel.entry for kernel in warm.all_kernels()]
