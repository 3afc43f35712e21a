"""Processes of this machine: how many, and that none outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from shell import ROOT, environment

from cnncalc.executors import cores, processes

PROGRAM = """
import os, sys, time
from cnncalc.executors import processes
with processes(2) as executor:
    print(*{executor.submit(os.getpid).result() for _ in range(4)}, flush=True)
    time.sleep(600)
"""


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_cores_are_those_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_the_work_is_done_in_other_processes_that_are_gone_at_the_end():
    with processes(2) as executor:
        workers = {executor.submit(os.getpid).result() for _ in range(4)}
        assert os.getpid() not in workers
        assert all(map(is_running, workers))
    assert not any(map(is_running, workers))


def test_workers_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert workers and all(map(is_running, workers))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 30
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_running, workers))
