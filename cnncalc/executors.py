"""Where work is done: processes of this machine, or a cluster of Dask. Either is a concurrent.futures executor."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from logging import CRITICAL, getLogger
from typing import Any

from cnncalc import __version__
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import say

CONNECT = 10
"""Seconds in which a cluster must answer."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def processes(jobs: int) -> Generator[Executor]:
    """Give `jobs` processes of this machine; at the end what is not begun is dropped, and all are gone.

    Each is a fresh Python: a fork would copy the locks of threads, such as the one that draws a progress bar.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    executor = ProcessPoolExecutor(jobs, get_context("spawn"), _begin)
    try:
        with _uninterrupted():
            # A process is started where none is idle, and none is before it has started.
            for _ in range(jobs):
                executor.submit(_begun)
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Generator[None]:
    """Let Ctrl-C wait. Processes that are started meanwhile never get it, not even before `_begin`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begun() -> None:
    """Do nothing; a process that does so has started."""


def _begin() -> None:
    """What each process does first.

    Ctrl-C reaches every process of a terminal, and only the one that the user started answers it. A process whose
    parent was killed would wait for work for ever: its queues never close, since its brothers hold them too.
    """
    from multiprocessing import parent_process
    from threading import Thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(1)


@contextmanager
def cluster(address: str, at_end: Callable[[], None] | None = None) -> Generator[tuple[Executor, int]]:
    """Give a Dask cluster's executor and how many cores it has; its machines need this version of cnncalc.

    `at_end` is called on every machine when the work is over. Raises CnncalcError: E574 where `distributed` is not
    installed, E575 where the cluster does not answer, has no workers, or has some that cannot do the work.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        message = say("--dask needs the package distributed, which is not installed")
        help = say("install it: {command}", command='pip install "cnncalc[dask]"')
        raise CnncalcError([Diagnostic("E574", message, help=help)]) from None
    # What it has to say of a connection that is lost is said here, without a traceback.
    for name in ("distributed", "distributed.client"):
        getLogger(name).setLevel(CRITICAL)
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
        _check_workers(client)
        yield client.get_executor(), count
    finally:
        if at_end is not None and client.status == "running":
            client.run(at_end)
        client.close()


def _check_workers(client: Any) -> None:
    """Raise CnncalcError (E575) where a worker has no cnncalc, or another version.

    A worker that is handed a function of a package that it does not have ends, the next one too, and nobody is told.
    """
    help = say("install the same version on every machine")
    try:
        versions: dict[str, str] = client.run(own_version)
    except Exception as error:
        # Where a worker cannot even unpickle the function, Dask tells it as a bare Exception.
        message = say("a worker cannot load cnncalc {own}: {reason}", own=__version__, reason=error)
        raise CnncalcError([Diagnostic("E575", message, help=help)]) from None
    for version in versions.values():
        if version != __version__:
            message = say("a worker has cnncalc {version}, and this is {own}", version=version, own=__version__)
            raise CnncalcError([Diagnostic("E575", message, help=help)])


def own_version() -> str:
    """Return the version of cnncalc here; it is asked of workers."""
    return __version__
