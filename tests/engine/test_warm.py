"""All kernels there are, so that `doctor --warm` misses none."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from cnncalc import engine
from cnncalc.engine import warm


def test_every_file_of_kernels_is_in():
    folder = Path(engine.__file__).parent
    files = {path.stem for path in folder.rglob("*.py") if re.search(r"^ *@native\(", path.read_text(), re.MULTILINE)}
    files.remove("native")  # where an example shows one
    assert files == {kernel.function.__module__.rpartition(".")[2] for kernel in warm.all_kernels()}


def test_each_kernel_is_there_once_and_may_be_kept():
    found = warm.all_kernels()
    assert len({kernel.entry for kernel in found}) == len({kernel.name for kernel in found}) == len(found)
    assert all(kernel.is_kept for kernel in found)


def test_the_list_does_not_depend_on_when_it_is_asked_for():
    importlib.reload(warm)
    assert [kernel.entry for kernel in warm.all_kernels()] == [kernel.entry for kernel in warm.all_kernels()]
