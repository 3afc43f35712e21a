"""Processes of this machine: how many, and that none outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from shell import ROOT, environment

from cnncalc.diagnostics import CnncalcError
from cnncalc.executors import cluster, cores, processes

PROGRAM = """
import os, sys, time
from cnncalc.executors import processes
with processes(2) as executor:
    print(*{executor.submit(os.getpid).result() for _ in range(4)}, flush=True)
    time.sleep(600)
"""

INTERRUPTED = """
import time
from cnncalc.executors import processes
try:
    print("starting", flush=True)
    with processes(2) as executor:
        time.sleep(600)
except KeyboardInterrupt:
    print("interrupted")
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


@pytest.mark.skipif(os.name != "posix", reason="no groups of processes here")
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2])
def test_ctrl_c_while_workers_start_is_told_by_the_parent_alone(delay):
    """A terminal sends it to every process; one that is being started would die with a traceback of its own."""
    parent = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, env=environment(), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout and parent.stdout.readline() == "starting\n"
    time.sleep(delay)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.communicate(timeout=60) == ("interrupted\n", "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"__init__": "raise ImportError('none here')"}, "cannot load cnncalc"),
        ({"__init__": ""}, "cannot load cnncalc"),
        ({"__init__": "", "executors": "def own_version(): return '99.9'"}, "a worker has cnncalc 99.9"),
    ],
)
def test_a_cluster_whose_workers_cannot_do_the_work_is_refused(files, said, tmp_path):
    """A machine without cnncalc, with one that is too old, and with another version; handed work, they would hang."""
    distributed = pytest.importorskip("distributed")
    (tmp_path / "cnncalc").mkdir()
    for name, text in files.items():
        (tmp_path / "cnncalc" / f"{name}.py").write_text(text)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as local:
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", local.scheduler_address,
             "--no-nanny", "--nthreads", "1", "--no-dashboard"],
            cwd=tmp_path, env=environment({"PYTHONPATH": str(tmp_path)}), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with distributed.Client(local.scheduler_address) as client:
                client.wait_for_workers(1, timeout=60)
            with pytest.raises(CnncalcError, match="E575") as refused, cluster(local.scheduler_address):
                pass
        finally:
            worker.kill()
            worker.wait()
    assert said in refused.value.diagnostics[0].message and "same version" in refused.value.diagnostics[0].help


LOST = """
import json, os, subprocess, sys, time
import distributed
from cnncalc.executors import cluster

if __name__ == "__main__":
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
         "--scheduler-file", sys.argv[1]], stderr=subprocess.DEVNULL)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.05)
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", sys.argv[1], "--no-nanny",
         "--no-dashboard"], stderr=subprocess.DEVNULL)
    address = json.loads(open(sys.argv[1]).read())["address"]
    with distributed.Client(address) as client:
        client.wait_for_workers(1, timeout=60)
    with cluster(address) as (executor, count):
        future = executor.submit(time.sleep, 60)
        scheduler.kill()
        worker.kill()
        try:
            future.result(timeout=60)
        except Exception:
            print("lost")
"""


def test_a_cluster_that_is_lost_writes_no_traceback(tmp_path):
    """What is lost is told by whoever asked for it; Dask's own log would tell it in fifty lines."""
    pytest.importorskip("distributed")
    program = tmp_path / "lost.py"
    program.write_text(LOST)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "scheduler.json")],
        cwd=tmp_path, env=environment({"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("lost\n", "")
