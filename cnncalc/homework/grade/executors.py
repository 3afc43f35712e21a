"""Where files are graded: on this machine, or on a cluster of Dask. Either is a concurrent.futures executor."""

from __future__ import annotations

import os
from collections.abc import Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.grade.guarded import close_workers
from cnncalc.text import say

CONNECT = 10
"""Seconds in which a cluster must answer."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local(jobs: int) -> Generator[Executor]:
    """Give threads, each of which hands files to a worker process of its own; at the end all workers are gone."""
    executor = ThreadPoolExecutor(jobs, "cnncalc-grade")
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        close_workers()
        executor.shutdown(wait=True)


@contextmanager
def cluster(address: str) -> Generator[tuple[Executor, int]]:
    """Give a Dask cluster's executor and how many cores it has; its machines need this version of cnncalc.

    Raises CnncalcError: E574 where `distributed` is not installed, E575 where the cluster does not answer.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        message = say("--dask needs the package distributed, which is not installed")
        help = say("install it: {command}", command='pip install "cnncalc[dask]"')
        raise CnncalcError([Diagnostic("E574", message, help=help)]) from None
    try:
        client = distributed.Client(address, timeout=CONNECT)
    except (OSError, ValueError) as error:
        message = say("no Dask scheduler answers at {address}: {reason}", address=address, reason=error)
        raise CnncalcError([Diagnostic("E575", message, help=say("write --dask tcp://host:8786"))]) from None
    try:
        count = sum(client.ncores().values())
        if not count:
            message = say("the cluster at {address} has no workers", address=address)
            raise CnncalcError([Diagnostic("E575", message, help=say("start one: {command}", command="dask worker"))])
        yield client.get_executor(), count
    finally:
        if client.status == "running":
            client.run(close_workers)
        client.close()
