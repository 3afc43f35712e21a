"""Where compiled code is kept, and every way in which that can go wrong."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import llvmlite
import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

from cnncalc.engine import cache, cache_entries, jit, native
from cnncalc.engine.reference.activation import relu
from cnncalc.engine.schedule import begin

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import json, sys
import numpy as np
from cnncalc.engine.cache import cache_state, cache_warning
from cnncalc.engine.kernels.margins import zero_margins
from cnncalc.engine.schedule import begin, lead
from cnncalc.engine.native import compile_all
from cnncalc.engine.reference.activation import relu
x, y = np.array([-1, 0, 2], np.float32), np.empty(3, np.float32)
relu(x, y)
compiled = []
compile_all([begin, lead, zero_margins, lead], lambda *told: compiled.append(told))
folder = cache_state().folder
print(json.dumps({"answer": y.tolist(), "hits": sum(relu.dispatcher.stats.cache_hits.values()), "compiled": compiled,
                  "folder": folder and str(folder), "warning": cache_warning()}))
"""
"""One kernel of the reference, and three of the plan's."""
ENTRIES = 4
KERNEL = """
import functools
import numpy as np
from cnncalc.engine.native import fields, native
from cnncalc.engine.simd.memory import store_float
ROW = np.dtype([("y", "i8")])
@functools.cache
def give(number):
    @native(ROW)
    def kernel(arguments, chunk, scratch):
        store_float(fields(arguments).y, np.float32(number))
    return kernel
"""


def environment(changes):
    """Return this process's environment without what says where things are kept."""
    named = ("XDG_CACHE_HOME", "HOME", "TMPDIR", "CNNCALC_CACHE_DIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if key not in named}
    return kept | {key: str(value) for key, value in changes.items()}


def run(place, **changes):
    """Run kernels in a process of their own; what it prints, and that it printed nothing else."""
    cwd = place / "cwd"
    cwd.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment(changes), cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["answer"] == [0.0, 0.0, 2.0]
    assert not list(cwd.iterdir()), "the working folder must stay as it was"
    return result


def copy_package(to):
    """Copy the package, with one more kernel, so that its sources may be changed, and nobody else changes them."""
    shutil.copytree(ROOT / "cnncalc", to / "cnncalc")
    (to / "cnncalc" / "engine" / "variant.py").write_text(KERNEL)
    return to


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return copy_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the cache, in this process."""
    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(tmp_path, "", True)])
    return tmp_path


def truncated(entry, other):
    return entry[:-1]


def flipped(entry, other):
    middle = len(entry) // 2
    return entry[:middle] + bytes([entry[middle] ^ 1]) + entry[middle + 1 :]


def garbage(entry, other):
    return b"\x93garbage" * 50


def empty(entry, other):
    return b""


def foreign(entry, other):
    """A whole entry, but another's."""
    return other


DAMAGES = [truncated, flipped, garbage, empty, foreign]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_deleted(folder, damage):
    cache_entries.write_entry("one", b"1" * 100)
    cache_entries.write_entry("other", b"2" * 100)
    one, other = folder / "one", folder / "other"
    one.write_bytes(damage(one.read_bytes(), other.read_bytes()))
    assert (cache_entries.read_entry("one"), cache_entries.read_entry("other")) == (None, b"2" * 100)
    assert not one.exists() and cache.cache_warning() is None


def test_damaged_entries_are_compiled_again(package, tmp_path, monkeypatch):
    changes = {"CNNCALC_CACHE_DIR": tmp_path / "own", "PYTHONPATH": package}
    first = run(tmp_path, **changes)
    entries = sorted(Path(first["folder"]).iterdir())
    whole = [entry.read_bytes() for entry in entries]
    assert (first["hits"], len(first["compiled"]), len(entries)) == (0, 3, ENTRIES)
    for entry, content, other, damage in zip(entries, whole, whole[1:] + whole[:1], DAMAGES[1:], strict=True):
        entry.write_bytes(damage(content, other))
    again, then = run(tmp_path, **changes), run(tmp_path, **changes)
    assert (again["hits"], again["warning"], again["folder"]) == (0, None, first["folder"])
    assert (then["hits"], then["compiled"]) == (1, [])
    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(Path(first["folder"]), "", True)])
    assert all(cache_entries.read_entry(entry.name) for entry in entries)
    assert sorted(Path(first["folder"]).iterdir()) == entries


def load_relu():
    """Ask for the reference kernel's kept code as Numba does."""
    return jit._Kept(relu.function).load_overload("signature", cpu_target.target_context)


def test_a_damaged_entry_is_not_unpickled(folder, tmp_path):
    name = jit._Kept(relu.function)._entry("signature")
    (folder / name).write_bytes(b"\0" * 32 + b"cos\n_exit\n(I99\ntR.")  # loading this pickle ends the process
    assert load_relu() is None
    assert not (folder / name).exists()


def test_what_is_whole_but_cannot_be_loaded_is_deleted(folder):
    name = jit._Kept(relu.function)._entry("signature")
    cache_entries.write_entry(name, b"no pickle")
    assert load_relu() is None
    assert not (folder / name).exists()


def test_a_folder_in_the_place_of_an_entry_is_deleted(folder, monkeypatch):
    monkeypatch.setattr(native, "_loaded", {})
    kernel = native.Native(begin.function, begin.row)
    (folder / kernel.entry / "full").mkdir(parents=True)
    assert kernel.address and (folder / kernel.entry).is_file()
    assert cache.cache_warning() is None


def test_a_link_in_the_place_of_an_entry_goes_and_what_it_leads_to_stays(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_text("")
    (folder / "entry").symlink_to(elsewhere)
    assert cache_entries.read_entry("entry") is None
    assert not list(folder.iterdir()) and (elsewhere / "file").is_file()


def test_an_entry_that_cannot_be_deleted_stops_keeping_and_is_named(folder, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr(cache_entries.shutil, "rmtree", refused)
    kernel = native.Native(begin.function, begin.row)
    (folder / kernel.entry / "full").mkdir(parents=True)
    assert kernel.address
    assert cache.cache_state().folder is None
    warning = cache.cache_warning() or ""
    assert f"not kept, so each run compiles again: {folder / kernel.entry}: Permission denied" in warning
    assert "\n" not in warning


VARIANT = """
import sys
import numpy as np
from cnncalc.engine import variant
from cnncalc.engine.native import C_FUNCTION
for number in map(int, sys.argv[1:]):
    y = np.zeros(1, variant.ROW)
    place = np.zeros(1, np.float32)
    y["y"] = place.ctypes.data
    C_FUNCTION(variant.give(number).address)(y.ctypes.data, 0, 0)
    if place[0] != number:
        print(place[0], file=sys.stderr)
"""
"""Each variant of this kernel writes its own number, so that code taken for another's shows."""


def start(package, place, *numbers):
    changes = {"CNNCALC_CACHE_DIR": place / "own", "PYTHONPATH": package}
    return subprocess.Popen(
        [sys.executable, "-c", VARIANT, *map(str, numbers)],
        env=environment(changes),
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child):
    """Wait for a process; the numbers it found wrong, which is all it may end with."""
    error = child.communicate(timeout=120)[1]
    assert child.returncode == 0, error
    return error


def test_processes_that_compile_at_once_do_not_mix_up_variants(package, tmp_path):
    """Each compiles the variants in another order; those after them must find each one's own code."""
    orders = [(1, 2, 3), (3, 2, 1)]
    assert [ended(child) for child in [start(package, tmp_path, *order) for order in orders]] == ["", ""]
    (folder,) = (tmp_path / "own").iterdir()
    before = {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()}
    assert len(before) == 3
    assert ended(start(package, tmp_path, 1, 2, 3)) == ""
    assert {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()} == before


def test_a_changed_generator_leaves_no_stale_code(tmp_path):
    """The kernel's own file stays as it is; what changes is what memory.py makes of its `store_float`."""
    package = copy_package(tmp_path / "copy")
    assert ended(start(package, tmp_path, 5)) == ""
    simd = package / "cnncalc" / "engine" / "simd" / "memory.py"
    before, function, after = simd.read_text().partition("def store_float(")
    assert "builder.store(args[1]" in after
    simd.write_text(
        before + function + after.replace("builder.store(args[1]", "builder.store(builder.fneg(args[1])", 1)
    )
    assert ended(start(package, tmp_path, 5)) == "-5.0\n"


def test_a_folder_that_cannot_be_made_gives_way_to_the_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("CNNCALC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    state = cache._choose()
    assert state.folder is not None and state.folder.is_relative_to(tmp_path / "tmp")
    assert not state.usual and str(tmp_path / "file") in state.note and "\n" not in state.note


def test_without_any_folder_it_runs_without_a_cache(package, tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / f"cnncalc-{os.getuid()}").write_text("")  # the temporary folder's place is taken
    (tmp_path / "file").write_text("")
    result = run(tmp_path, CNNCALC_CACHE_DIR=tmp_path / "file" / "cache", TMPDIR=tmp_path / "tmp", PYTHONPATH=package)
    assert result["folder"] is None
    assert "not kept" in result["warning"]


CHOOSE = "from cnncalc.engine.cache import cache_state; print(cache_state().folder)"


@pytest.mark.parametrize("changes", [{}, {"HOME": ""}, {"CNNCALC_CACHE_DIR": "."}, {"XDG_CACHE_HOME": "."}])
def test_without_home_or_with_a_relative_folder_the_working_folder_stays_clean(package, tmp_path, changes):
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    (tmp_path / "tmp").mkdir()
    home = {"HOME": tmp_path} if changes and "HOME" not in changes else {}
    variables = environment({"TMPDIR": tmp_path / "tmp", "PYTHONPATH": package} | home | changes)
    done = subprocess.run([sys.executable, "-c", CHOOSE], env=variables, cwd=cwd, capture_output=True, text=True)
    folder = Path(done.stdout.strip())
    assert done.stderr == "" and folder.is_dir() and not folder.is_relative_to(cwd)
    assert not list(cwd.iterdir())


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    own.chmod(0o777)
    with pytest.raises(cache.Unusable, match="others may write"):
        cache._prepared(own)


def test_a_link_is_not_used(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "own").symlink_to(tmp_path / "real")
    with pytest.raises(cache.Unusable, match="not a folder"):
        cache._prepared(tmp_path / "own")


def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    monkeypatch.setenv("CNNCALC_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    state = cache._choose()
    assert state.folder is None
    assert "another user" in state.note


def test_a_home_that_is_not_known(tmp_path, monkeypatch):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("CNNCALC_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(cache.Path, "home", unknown)
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    state = cache._choose()
    assert state.folder is not None and state.folder.is_relative_to(tmp_path)
    assert not state.usual and "home" in state.note


def test_the_key_follows_sources_versions_processor_and_settings(tmp_path, monkeypatch):
    keys = {cache._key()}
    versions = cache._versions()
    assert [numba.__version__ in versions[0], *versions[1:]] == [True, llvmlite.__version__, np.__version__]
    for at in range(3):
        changed = [*versions[:at], "0", *versions[at + 1 :]]
        monkeypatch.setattr(cache, "_versions", lambda changed=changed: changed)
        keys.add(cache._key())
    monkeypatch.undo()
    for name, value in (("CPU_NAME", "haswell"), ("CPU_FEATURES", "+avx2"), ("OPT", "1")):
        monkeypatch.setenv(f"NUMBA_{name}", value)
        keys.add(cache._key())
        monkeypatch.undo()
    triple, name, features = cache.host()
    monkeypatch.setattr(cache, "host", lambda: (triple, name, features + ",+more"))
    keys.add(cache._key())
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".numba_config.yaml").write_text("cpu_name: generic")
    keys.add(cache._key())
    (tmp_path / ".numba_config.yaml").unlink()
    (tmp_path / "deep").mkdir()
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    for text in ("x = 1", "x = 2"):
        (tmp_path / "deep" / "kernel.py").write_text(text)
        keys.add(cache._key())
    assert len(keys) == 11


def test_folders_that_nobody_uses_any_more_are_cleared_away(tmp_path, monkeypatch):
    base = tmp_path / "own"
    base.mkdir(mode=0o700)
    hours = {"last week": 169, "days": 100, "yesterday": 24, "now": 0}
    folders = {name: base / f"0.{at}.0-{at:016x}" for at, name in enumerate(hours)}
    strange = base / "notes"
    for folder in (*folders.values(), strange):
        folder.mkdir()
        (folder / "entry").write_text("")
    for name, folder in folders.items():
        used = time.time() - 3600 * hours[name]
        os.utime(folder, (used, used))
    os.utime(strange, (0, 0))
    own = cache._prepared(base)
    assert set(base.iterdir()) == {own, strange, folders["days"], folders["yesterday"], folders["now"]}


def test_of_many_folders_the_newest_stay_and_those_used_within_the_hour(tmp_path):
    base = tmp_path / "own"
    base.mkdir(mode=0o700)
    for at in range(12):
        folder = base / f"0.1.0-{at:016x}"
        folder.mkdir()
        used = time.time() - (60 * at if at < 10 else 3600 * at)
        os.utime(folder, (used, used))
    own = cache._prepared(base)
    assert {folder.name for folder in base.iterdir()} == {own.name} | {f"0.1.0-{at:016x}" for at in range(10)}


def test_a_folder_is_used_when_it_is_chosen(tmp_path):
    own = cache._prepared(tmp_path / "own")
    os.utime(own, (0, 0))
    assert cache._prepared(tmp_path / "own") == own
    assert time.time() - own.stat().st_mtime < 60


def test_a_folder_cleared_away_under_a_running_process_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(tmp_path / "gone", "", True)])
    assert cache_entries.read_entry("entry") is None
    cache_entries.write_entry("entry", b"code")
    assert cache_entries.read_entry("entry") == b"code"
    assert stat.S_IMODE((tmp_path / "gone").stat().st_mode) == 0o700
    assert cache.cache_warning() is None


def test_a_full_disk_stops_keeping_and_leaves_nothing_beside(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(tmp_path, "", True)])
    monkeypatch.setattr(cache_entries.Path, "write_bytes", full)
    cache_entries.write_entry("entry", b"code")
    assert not list(tmp_path.iterdir())
    assert "No space left" in (cache.cache_warning() or "")
    assert cache.cache_state().folder is None


def test_importing_the_engine_loads_no_numba():
    code = "import sys, cnncalc.engine, cnncalc.engine.run, cnncalc.engine.probe; sys.exit('numba' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60).returncode
        == 0
    )
