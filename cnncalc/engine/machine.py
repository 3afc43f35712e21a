"""The machine: runs a table of steps on a few threads that share each step's chunks, without Python in between.

Steps that do not need each other's results form a phase. In a phase every thread takes chunks, by an atomic counter a
step, until none is left, and waits at a barrier for the others. Which thread does a chunk makes no difference to the
result. The thread that calls `run` is thread 0; each of the others is a Python thread that stays in compiled code,
spinning for a while between runs before it goes to sleep.

Waiting threads give the processor away after a short spin, so that more threads than cores, or somebody else's busy
threads, cost time but no standstill. Thread 0 comes back to Python now and then, so that Ctrl-C works within a layer.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.engine.native import carray, inlined, native, row
from cnncalc.engine.plan.operation import Array, Step, aligned
from cnncalc.engine.simd import (
    call_kernel,
    call_yield,
    exchange,
    fetch_add,
    load_int64,
    relax,
    store_int64,
)

STEP = np.dtype([("kernel", "i8"), ("arguments", "i8"), ("chunks", "i8"), ("work", "i8")])
"""A row of the table: addresses of compiled code and of its arguments, and the chunks, each worth so much work."""

CONTROL = np.dtype(
    [
        ("table", "i8"),
        ("phases", "i8"),  # address: the first step of each phase, and the number of steps
        ("counters", "i8"),  # address: the next chunk of each step, a cache line apart
        ("steps", "i8"),
        ("shared", "i8"),  # address of SHARED, a cache line each
        ("threads", "i8"),
        ("own", "i8"),  # address of OWN of thread 0; OWN_BYTES apart
        ("scratch", "i8"),  # address of thread 0's scratch memory
        ("scratch_bytes", "i8"),
        ("give_way", "i8"),  # address of the system's function that yields the processor; 0 where there is none
    ]
)

LINE = 64
SHARED = ("generation", "finished", "arrived", "stop", "closing", "first", "last")
"""What all threads see: which run it is, how many have finished it, how many have come to the phase's end; the phases."""
GENERATION, FINISHED, ARRIVED, STOP, CLOSING, FIRST, LAST = (LINE * at for at in range(len(SHARED)))
OWN = ("phase", "waits", "status", "sleeps", "ring", "seen")
"""What each thread keeps: its phase, whether it waits at its end, how it came back, whether it sleeps, whether it is to
be woken, and the last run it has seen."""
PHASE, WAITS, STATUS, SLEEPS, RING, SEEN = (8 * at for at in range(len(OWN)))
OWN_BYTES = 2 * LINE

DONE, PAUSED, ASLEEP, CLOSED = range(4)
"""How a thread comes back from compiled code."""

SPINS_BEFORE_YIELD = 256
SPINS_BEFORE_PAUSE = 1 << 20
SPINS_BEFORE_SLEEP = 4096
WORK_BEFORE_PAUSE = 1 << 31
"""Multiply-adds after which thread 0 looks whether Python has a signal to handle: some 20 to 50 ms."""


@inlined
def _spin(control: Any, spins: int) -> None:
    """Pass a little time; after a while let another thread have the processor."""
    relax()
    if spins > SPINS_BEFORE_YIELD and control.give_way != 0:
        call_yield(control.give_way)


@inlined
def _work(control: Any, thread: int, budget: int) -> int:
    """Take chunks, phase by phase, from where this thread stopped. DONE, or PAUSED once `budget` work is done."""
    own = control.own + thread * OWN_BYTES
    scratch = control.scratch + thread * control.scratch_bytes
    first = load_int64(control.shared + FIRST)
    last = load_int64(control.shared + LAST)
    phase = load_int64(own + PHASE)
    done = 0
    while phase < last:
        if load_int64(own + WAITS) == 0:
            start = load_int64(control.phases + 8 * phase)
            end = load_int64(control.phases + 8 * (phase + 1))
            for at in range(start, end):
                step = control.table + at * 32
                kernel = load_int64(step)
                arguments = load_int64(step + 8)
                chunks = load_int64(step + 16)
                work = load_int64(step + 24)
                while True:
                    if load_int64(control.shared + STOP) != 0:
                        return DONE
                    chunk = fetch_add(control.counters + at * LINE, 1)
                    if chunk >= chunks:
                        break
                    call_kernel(kernel, arguments, chunk, scratch)
                    done += work
                    if done > budget:
                        return PAUSED
            fetch_add(control.shared + ARRIVED, 1)
            store_int64(own + WAITS, 1)
        spins = 0
        while load_int64(control.shared + ARRIVED) < (phase + 1 - first) * control.threads:
            if load_int64(control.shared + STOP) != 0:
                return DONE
            _spin(control, spins)
            spins += 1
            if thread == 0 and spins > SPINS_BEFORE_PAUSE:
                return PAUSED
        store_int64(own + WAITS, 0)
        phase += 1
        store_int64(own + PHASE, phase)
    return DONE


@native(CONTROL)
def begin(arguments: Any, chunk: int, scratch: int) -> None:
    """Start a run: reset what threads share, tell the others, and find out who of them has to be woken."""
    control = carray(arguments, 1)[0]
    for at in range(control.steps):
        store_int64(control.counters + at * LINE, 0)
    for thread in range(control.threads):
        own = control.own + thread * OWN_BYTES
        store_int64(own + PHASE, load_int64(control.shared + FIRST))
        store_int64(own + WAITS, 0)
    store_int64(control.shared + ARRIVED, 0)
    store_int64(control.shared + FINISHED, 0)
    store_int64(control.shared + STOP, 0)
    fetch_add(control.shared + GENERATION, 1)
    for thread in range(control.threads):
        own = control.own + thread * OWN_BYTES
        store_int64(own + RING, exchange(own + SLEEPS, 0))


@native(CONTROL)
def lead(arguments: Any, chunk: int, scratch: int) -> None:
    """Thread 0: work, then wait until the others have let go of the run."""
    control = carray(arguments, 1)[0]
    status = _work(control, 0, WORK_BEFORE_PAUSE)
    spins = 0
    while status == DONE and load_int64(control.shared + FINISHED) < control.threads - 1:
        _spin(control, spins)
        spins += 1
        if spins > SPINS_BEFORE_PAUSE:
            status = PAUSED
    store_int64(control.own + STATUS, status)


@native(CONTROL)
def serve(arguments: Any, thread: int, scratch: int) -> None:
    """Any other thread: do run after run, until there was none for a while."""
    control = carray(arguments, 1)[0]
    own = control.own + thread * OWN_BYTES
    seen = load_int64(own + SEEN)
    spins = 0
    status = DONE
    while status == DONE:
        if load_int64(control.shared + CLOSING) != 0:
            status = CLOSED
        elif load_int64(control.shared + GENERATION) != seen:
            seen += 1
            _work(control, thread, 1 << 62)
            fetch_add(control.shared + FINISHED, 1)
            spins = 0
        elif spins > SPINS_BEFORE_SLEEP:
            # Whoever takes SLEEPS back first, this thread or `begin`, has the say: no bell is missed, none rings twice.
            exchange(own + SLEEPS, 1)
            if fetch_add(control.shared + GENERATION, 0) == seen or exchange(own + SLEEPS, 0) == 0:
                status = ASLEEP
            spins = 0
        else:
            _spin(control, spins)
            spins += 1
    store_int64(own + SEEN, seen)
    store_int64(own + STATUS, status)


_CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
"""The calling convention of a kernel. ctypes lets go of Python's lock while it runs."""


class Machine:
    """A table of steps and the threads that run it. `phases`: the steps of each phase, in order.

    Close it, or let go of it, and its threads end. It may be called from any thread, by one at a time.
    """

    def __init__(self, phases: Sequence[Sequence[Step]], *, threads: int, scratch_bytes: int = 0) -> None:
        self.threads = threads
        steps = [step for phase in phases for step in phase]
        self._steps = steps
        self._table = aligned((len(steps),), STEP)
        for at, step in enumerate(steps):
            self._table[at] = (step.kernel.address, step.arguments.ctypes.data, step.chunks, step.work)
        bounds = np.cumsum([0, *(len(phase) for phase in phases)])
        self._phases = aligned(bounds.shape, np.int64)
        self._phases[:] = bounds
        self.phase_count = len(phases)
        self._counters = aligned((max(1, len(steps)), LINE // 8), np.int64)
        self._shared = aligned((len(SHARED), LINE // 8), np.int64)
        self._own = aligned((threads, OWN_BYTES // 8), np.int64)
        stride = -(-scratch_bytes // 4096) * 4096 + 4096
        self._scratch = aligned((threads * stride,), np.uint8, 4096)
        self._control = row(
            CONTROL,
            table=self._table.ctypes.data,
            phases=self._phases.ctypes.data,
            counters=self._counters.ctypes.data,
            steps=len(steps),
            shared=self._shared.ctypes.data,
            threads=threads,
            own=self._own.ctypes.data,
            scratch=self._scratch.ctypes.data,
            scratch_bytes=stride,
            give_way=_yield_address(),
        )
        self._lead = _CALL(lead.address)
        self._lock = threading.Lock()
        self._crew = _Crew(self._control, self._shared, self._own)
        self._finalizer = weakref.finalize(self, self._crew.dismiss)

    def run(self, first: int = 0, last: int | None = None) -> None:
        """Run the phases from `first` up to, not with, `last`."""
        with self._lock:
            try:
                self._crew.begin(first, self.phase_count if last is None else last)
                self._lead(self._control.ctypes.data, 0, 0)
                while self._own[0, STATUS // 8] == PAUSED:
                    self._lead(self._control.ctypes.data, 0, 0)
            except BaseException:
                self._crew.stop()
                raise

    def close(self) -> None:
        """End the threads."""
        self._finalizer()


class _Crew:
    """The threads besides thread 0. They hold no reference to the machine, so that it can be let go of."""

    def __init__(self, control: Array, shared: Array, own: Array) -> None:
        self._control = control
        self._shared = shared
        self._own = own
        self._begin = _CALL(begin.address)
        self._serve = _CALL(serve.address) if len(own) > 1 else None
        self._threads: list[threading.Thread] = []
        self._bells: list[threading.Lock] = []
        self._process = 0

    def begin(self, first: int, last: int) -> None:
        """Have all threads work on these phases. They are started in the first run, and again in a forked process."""
        if self._serve and self._process != os.getpid():
            self._start()
        self._shared[FIRST // LINE, 0] = first
        self._shared[LAST // LINE, 0] = last
        self._begin(self._control.ctypes.data, 0, 0)
        self._ring()

    def _start(self) -> None:
        self._process = os.getpid()
        self._own[:, SEEN // 8] = self._shared[GENERATION // LINE, 0]
        self._own[:, SLEEPS // 8] = 0
        self._own[:, RING // 8] = 0
        self._threads, self._bells = [], []
        for thread in range(1, len(self._own)):
            bell = threading.Lock()
            bell.acquire()
            arguments = (self._serve, self._control, self._own, thread, bell)
            self._bells.append(bell)
            self._threads.append(
                threading.Thread(target=_attend, args=arguments, name=f"cnncalc-{thread}", daemon=True)
            )
            self._threads[-1].start()

    def _ring(self) -> None:
        for bell, own in zip(self._bells, self._own[1:], strict=True):
            if own[RING // 8]:
                own[RING // 8] = 0
                bell.release()

    def stop(self) -> None:
        """Have all threads leave a run that was begun, and wait until they have."""
        self._shared[STOP // LINE, 0] = 1
        self._ring()
        while self._shared[FINISHED // LINE, 0] < len(self._threads):
            time.sleep(0)

    def dismiss(self) -> None:
        """End all threads, and wait until they have."""
        if self._process != os.getpid():
            return
        self._process = 0
        self._shared[CLOSING // LINE, 0] = 1
        self._begin(self._control.ctypes.data, 0, 0)
        self._ring()
        for thread in self._threads:
            thread.join()
        self._threads, self._bells = [], []
        self._shared[CLOSING // LINE, 0] = 0


def _attend(call: Any, control: Array, own: Array, thread: int, bell: threading.Lock) -> None:
    while True:
        call(control.ctypes.data, thread, 0)
        if own[thread, STATUS // 8] == CLOSED:
            return
        bell.acquire()


def _yield_address() -> int:
    """Return the address of the function that gives the processor to another thread, 0 where it is not known."""
    try:
        if sys.platform == "win32":
            function: Any = ctypes.windll.kernel32.SwitchToThread
        else:
            function = ctypes.CDLL(None).sched_yield
    except (AttributeError, OSError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0
