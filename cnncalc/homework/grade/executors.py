"""Where files are graded on this machine: threads, each with a worker process. See `cnncalc.executors` for clusters."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from cnncalc.homework.grade.guarded import close_workers


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
