"""Files that are there whole or not at all, and that one run at a time writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from errno import ENOENT, ENOSPC
from pathlib import Path

import pytest
from shell import environment

from cnncalc.output import HeldError, Lock, cannot_write, replace_file


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_written_while_it_is_being_written_is_whole_each_time(tmp_path):
    path = tmp_path / ("long " * 48)

    def parts() -> Iterator[bytes]:
        yield b"first, "
        replace_file(path, [b"the other"])
        assert path.read_bytes() == b"the other"
        yield b"whole"

    replace_file(path, parts())
    assert path.read_bytes() == b"first, whole"
    assert names(tmp_path) == [path.name]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def parts() -> Iterator[bytes]:
        yield b"half"
        assert len(names(tmp_path)) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, parts())
    assert (names(tmp_path), path.read_text()) == (["a.txt"], "old")


def test_a_lock_is_held_until_it_is_closed(tmp_path):
    first = Lock(tmp_path / "a.csv")
    with pytest.raises(HeldError):
        Lock(tmp_path / "a.csv")
    Lock(tmp_path / "b.csv").close()
    first.close()
    assert names(tmp_path) == []
    Lock(tmp_path / "a.csv").close()


def test_a_killed_run_holds_nobody_off(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from cnncalc.output import Lock\n"
        "kept = Lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    path = tmp_path / "a.csv"
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as child:
        assert child.stdout is not None and child.stdout.readline().strip() == b"held"
        with pytest.raises(HeldError):
            Lock(path)
        child.kill()
    Lock(path).close()
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
def test_a_lock_whose_file_went_in_between_is_taken_on_the_new_file(tmp_path, monkeypatch):
    """The run before ends between the opening and the locking: what was opened is no file that others find."""
    import fcntl

    lock, gone = fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        if not gone:
            gone.append(True)
            (tmp_path / ".a.csv.lock").unlink()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    held = Lock(tmp_path / "a.csv")
    with pytest.raises(HeldError):
        Lock(tmp_path / "a.csv")
    held.close()


@pytest.mark.parametrize(
    ("error", "where", "said"),
    [
        (ENOENT, "no/a.csv", "make it first"),
        (ENOSPC, "a.csv", "make room"),
        (13, "a.csv", "name another place, where files can be written"),
    ],
)
def test_the_way_out_is_for_what_is_so(tmp_path, error, where, said):
    found = cannot_write(tmp_path / where, OSError(error, os.strerror(error))).diagnostics[0]
    assert found.code == "E573" and said in found.help
    assert (str(tmp_path / "no") in found.help) == (error == ENOENT)
