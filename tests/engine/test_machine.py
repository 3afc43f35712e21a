"""The machine: every chunk once, phase after phase, on any number of threads, whatever comes in between."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.machine import Machine
from cnncalc.engine.native import fields, native, row
from cnncalc.engine.plan.operation import Step
from cnncalc.engine.schedule import SLEEPS
from cnncalc.engine.simd.memory import fetch_add, load_int64

THREADS = (1, 2, 3, 8)
ROW = np.dtype([("counts", "i8"), ("before", "i8"), ("chunks_before", "i8"), ("too_early", "i8"), ("turns", "i8")])


@native(ROW)
def count(arguments, chunk, scratch):
    """Count each chunk, and those that run before all of the phase before have."""
    p = fields(arguments)
    for at in range(p.chunks_before):
        if load_int64(p.before + 8 * at) != load_int64(p.counts + 8 * chunk) + 1:
            fetch_add(p.too_early, 1)
    for _ in range(p.turns):
        fetch_add(p.too_early, 0)
    fetch_add(p.counts + 8 * chunk, 1)


class Counting:
    """Phases of one step each, whose chunks count themselves."""

    def __init__(self, chunks: tuple[int, ...], *, turns: int = 0, work: int = 1) -> None:
        self.counts = [np.zeros(n, np.int64) for n in chunks]
        self.too_early = np.zeros(1, np.int64)
        self.phases = []
        for at, n in enumerate(chunks):
            before = self.counts[at - 1] if at else np.zeros(0, np.int64)
            arguments = row(
                ROW,
                counts=self.counts[at].ctypes.data,
                before=before.ctypes.data,
                chunks_before=len(before),
                too_early=self.too_early.ctypes.data,
                turns=turns,
            )
            self.phases.append([Step(count, arguments, n, work)])

    def reset(self) -> None:
        for counts in (*self.counts, self.too_early):
            counts[:] = 0

    def check(self, times: int) -> None:
        assert [set(counts) for counts in self.counts] == [{times}] * len(self.counts)
        assert self.too_early[0] == 0


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("cnncalc-")]


@contextmanager
def interrupts(times: int = 1) -> Iterator[list[int]]:
    """Let SIGALRM be Ctrl-C, so many times, which the list says; later ones change nothing."""
    left = [times]

    def interrupt(number, frame):
        if left[0]:
            left[0] -= 1
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        yield left
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        time.sleep(0.001)  # one may be on its way
        signal.signal(signal.SIGALRM, before)


def run_until_interrupted(machine: Machine, left: list[int], times: int) -> None:
    """Run on and on; all but the first interrupt may come while an earlier one is being seen to."""
    try:
        if times > 1:
            run_until_interrupted(machine, left, times - 1)
        else:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-3), 2e-5)
            while True:
                machine.run()
        left[0] = 0
    except KeyboardInterrupt:
        pass


needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.mark.parametrize("threads", THREADS)
def test_every_chunk_runs_once_after_all_of_the_phase_before(threads: int):
    work = Counting((1, 7, 40, 1, 1, 3, 64))
    machine = Machine(work.phases, threads=threads)
    for _ in range(200):
        machine.run()
    machine.close()
    work.check(200)


@pytest.mark.parametrize("threads", THREADS)
def test_steps_of_a_phase_are_all_done(threads: int):
    work = [Counting((n,)) for n in (5, 1, 30)]
    machine = Machine([[one.phases[0][0] for one in work], []], threads=threads)
    for _ in range(50):
        machine.run()
    machine.close()
    for one in work:
        one.check(50)


@pytest.mark.parametrize("threads", [1, 2])
def test_only_the_phases_asked_for_are_run(threads: int):
    work = Counting((2, 3, 4))
    machine = Machine(work.phases, threads=threads)
    machine.run(0, 1)
    machine.run(1, 1)
    machine.run(1)
    machine.close()
    work.check(1)


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_to_do(threads: int):
    machine = Machine([], threads=threads)
    machine.run()
    machine.close()
    assert own_threads() == []


@pytest.mark.parametrize("threads", THREADS)
def test_no_thread_is_left_behind(threads: int):
    work = Counting((4, 4))
    machine = Machine(work.phases, threads=threads)
    assert own_threads() == []
    machine.run()
    assert len(own_threads()) == threads - 1
    machine.close()
    assert own_threads() == []
    machine.close()
    machine.run()
    assert len(own_threads()) == threads - 1
    del machine
    gc.collect()
    assert own_threads() == []
    work.check(2)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_that_sleep_are_woken(threads: int):
    work = Counting((6, 6))
    machine = Machine(work.phases, threads=threads)
    for _ in range(20):
        machine.run()
        deadline = time.monotonic() + 20
        while not machine._crew._own[1:, SLEEPS // 8].all():
            assert time.monotonic() < deadline, "a thread that has nothing to do does not go to sleep"
            time.sleep(0.001)
    for _ in range(300):  # just as they are about to fall asleep, too
        machine.run()
        time.sleep(random.uniform(0, 0.004))
    machine.close()
    work.check(320)


@needs_alarm
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_interrupt_ends_a_long_step(threads: int):
    long = Counting((1 << 20,), turns=1_000_000, work=1 << 31)
    short = Counting((5,))
    machine = Machine([*long.phases, *short.phases], threads=threads)
    with interrupts(), pytest.raises(KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        machine.run()
    done = long.counts[0].sum()
    assert done < 1 << 19
    machine.run(1)
    short.check(1)
    assert long.counts[0].sum() == done  # nobody went on with what was given up
    machine.close()
    assert own_threads() == []


@needs_alarm
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_interrupts_between_any_two_lines(threads: int, times: int):
    work = Counting((3, 9, 1), turns=20)
    machine = Machine(work.phases, threads=threads)
    machine.run()  # Python itself does not stand an interrupt while it starts a thread
    for _ in range(60):
        with interrupts(times) as left:
            run_until_interrupted(machine, left, times)
        machine.run(0, 0)  # whatever was left over is brought to its end
        work.reset()
        machine.run()
        work.check(1)
    machine.close()
    assert own_threads() == []


@needs_fork
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_forked_process_has_threads_of_its_own(threads: int):
    work = Counting((5, 5), turns=2000)
    machine = Machine(work.phases, threads=threads)
    machine.run()
    machine.run()
    going = threading.Event()
    ending = threading.Event()

    def keep_running() -> None:
        while not ending.is_set():
            machine.run()
            going.set()

    other = threading.Thread(target=keep_running)  # most forks happen while it holds the machine
    other.start()
    going.wait()
    try:
        for _ in range(5):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                try:
                    work.reset()
                    machine.run()
                    work.check(1)
                    machine.close()
                except BaseException:
                    os._exit(1)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        ending.set()
        other.join()
    work.reset()
    machine.run()
    work.check(1)
    machine.close()


def no_more_threads() -> None:
    raise RuntimeError("can't start new thread")


def interrupted_while_it_waits() -> None:
    """As Thread.start may be, between the lines in which it holds a lock: what it raises is a RuntimeError."""
    try:
        raise KeyboardInterrupt
    finally:
        threading.Lock().release()


@pytest.mark.parametrize(
    ("failure", "raised", "said"),
    [(no_more_threads, CnncalcError, "E408.*can't start"), (interrupted_while_it_waits, KeyboardInterrupt, "^$")],
)
def test_a_thread_that_is_not_started_is_reported_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, failure: Callable[[], None], raised: type[BaseException], said: str
):
    work = Counting((5, 5))
    machine = Machine(work.phases, threads=4)
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if thread.name == "cnncalc-2":
            failure()
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(raised, match=said):
            machine.run()
        assert own_threads() == []
    machine.run()
    machine.close()
    work.check(1)


def test_calls_from_several_threads_wait_for_each_other():
    work = Counting((3, 8, 2))
    machine = Machine(work.phases, threads=2)
    callers = [threading.Thread(target=lambda: [machine.run() for _ in range(50)]) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    machine.close()
    work.check(200)


def test_several_machines_side_by_side():
    works = [Counting((3, 8, 2)) for _ in range(4)]
    machines = [Machine(work.phases, threads=3) for work in works]
    callers = [threading.Thread(target=lambda m=machine: [m.run() for _ in range(50)]) for machine in machines]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for work, machine in zip(works, machines, strict=True):
        machine.close()
        work.check(50)
    assert own_threads() == []
