"""Where compiled code is kept, and every way in which that can go wrong."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cnncalc.engine import cache

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import json, sys
import numpy as np
from cnncalc.engine.cache import cache_state, cache_warning
from cnncalc.engine.reference.activation import relu, tanh
answers = []
for kernel in (relu, tanh):
    x, y = np.array([-1, 0, 2], np.float32), np.empty(3, np.float32)
    kernel(x, y)
    answers.append([round(float(v), 4) for v in y])
stats = relu.dispatcher.stats
folder = cache_state().folder
print(json.dumps({"answers": answers, "hits": sum(stats.cache_hits.values()), "folder": folder and str(folder),
                  "warning": cache_warning()}))
"""


def run(cwd, **environment):
    """Run two kernels in a process of their own; what it prints, and that it printed nothing else."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("XDG_CACHE_HOME", "HOME", "TMPDIR", "CNNCALC_CACHE_DIR")
    }
    kept |= {"PYTHONPATH": str(ROOT)} | {key: str(value) for key, value in environment.items()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=kept, cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["answers"] == [[0.0, 0.0, 2.0], [-0.7616, 0.0, 0.964]]
    assert not list(Path(cwd).iterdir()), "the working folder must stay as it was"
    return result


@pytest.fixture
def cwd(tmp_path):
    folder = tmp_path / "cwd"
    folder.mkdir()
    return folder


def test_code_is_kept_and_found_again(tmp_path, cwd):
    first = run(cwd, CNNCALC_CACHE_DIR=tmp_path / "own")
    second = run(cwd, CNNCALC_CACHE_DIR=tmp_path / "own")
    assert (first["hits"], second["hits"]) == (0, 1)
    assert first["warning"] is None
    folder = Path(first["folder"])
    assert folder.parent == tmp_path / "own"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.rglob("*.nbc"))) == 2


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty"])
def test_damaged_entries_are_wiped_and_compiled_again(tmp_path, cwd, suffix, damage):
    folder = Path(run(cwd, CNNCALC_CACHE_DIR=tmp_path / "own")["folder"])
    for entry in folder.rglob(f"*{suffix}"):
        whole = entry.read_bytes()
        entry.write_bytes({"truncated": whole[: len(whole) // 2], "garbage": b"\x93garbage" * 50, "empty": b""}[damage])
    assert run(cwd, CNNCALC_CACHE_DIR=tmp_path / "own")["warning"] is None
    assert run(cwd, CNNCALC_CACHE_DIR=tmp_path / "own")["hits"] == 1


def test_a_folder_that_cannot_be_made_gives_way_to_the_temporary_one(tmp_path, cwd):
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    result = run(cwd, CNNCALC_CACHE_DIR=tmp_path / "file" / "cache", TMPDIR=tmp_path / "tmp")
    assert Path(result["folder"]).is_relative_to(tmp_path / "tmp")
    assert str(tmp_path / "file") in result["warning"]
    assert "\n" not in result["warning"]


def test_without_any_folder_it_runs_without_a_cache(tmp_path, cwd):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / f"cnncalc-{os.getuid()}").write_text("")  # the temporary folder's place is taken
    (tmp_path / "file").write_text("")
    result = run(cwd, CNNCALC_CACHE_DIR=tmp_path / "file" / "cache", TMPDIR=tmp_path / "tmp")
    assert result["folder"] is None
    assert "not kept" in result["warning"]


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}, {"CNNCALC_CACHE_DIR": "."}, {"XDG_CACHE_HOME": "."}])
def test_without_home_or_with_a_relative_folder_the_working_folder_stays_clean(tmp_path, cwd, environment):
    (tmp_path / "tmp").mkdir()
    home = {} if "HOME" in environment or not environment else {"HOME": tmp_path}
    result = run(cwd, TMPDIR=tmp_path / "tmp", **(home | environment))
    assert not Path(result["folder"]).is_relative_to(cwd)


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


def test_the_key_follows_the_sources_and_versions(tmp_path, monkeypatch):
    here = cache._key()
    monkeypatch.setattr(cache.metadata, "version", lambda name: "0.0.1")
    assert cache._key() != here
    monkeypatch.undo()
    (tmp_path / "kernel.py").write_text("x = 1")
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    before = cache._key()
    (tmp_path / "kernel.py").write_text("x = 2")
    assert len({here, before, cache._key()}) == 3


def test_importing_the_engine_loads_no_numba():
    code = "import sys, cnncalc.engine, cnncalc.engine.run, cnncalc.engine.probe; sys.exit('numba' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60).returncode
        == 0
    )


def test_a_full_disk_leaves_the_result_and_stops_keeping(monkeypatch, tmp_path):
    from cnncalc.engine import jit

    class Full:
        def save_overload(self, signature, compiled):
            raise OSError(28, "No space left on device")

        def disable(self):
            self.disabled = True

    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(tmp_path, "", True)])
    full = Full()
    jit._Guard(full, tmp_path).save_overload("signature", "compiled")
    assert full.disabled
    assert "No space left" in (cache.cache_warning() or "")
