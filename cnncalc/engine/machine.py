"""The machine: runs a table of steps on a few threads that share each step's chunks, without Python in between.

Steps that do not need each other's results form a phase. In a phase every thread takes chunks, by atomic counters,
until none is left, and waits at a barrier for the others. Even threads take those of a step's first half first, odd
ones those of its second; which thread does a chunk makes no difference to the result. The thread that calls `run` is
thread 0; each of the others is a Python thread that stays in compiled code, spinning for a while between runs before it
goes to sleep.

Waiting threads give the processor away after a short spin, so that more threads than cores, or somebody else's busy
threads, cost time but no standstill. Thread 0 comes back to Python now and then, so that Ctrl-C works within a layer.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.forks import forks
from cnncalc.engine.native import fields, inlined, native, row
from cnncalc.engine.plan.operation import Array, Step, aligned
from cnncalc.engine.simd.memory import call_kernel, call_yield, exchange, fetch_add, load_int64, relax, store_int64
from cnncalc.text import say

STEP = np.dtype([("kernel", "i8"), ("arguments", "i8"), ("chunks", "i8"), ("work", "i8")])
"""A row of the table: addresses of compiled code and of its arguments, and the chunks, each worth so much work."""
STEP_BYTES = STEP.itemsize
KERNEL, ARGUMENTS, CHUNKS, WORK = (8 * at for at in range(4))
"""Where its fields are."""

CONTROL = np.dtype(
    [
        ("table", "i8"),
        ("phases", "i8"),  # address: the first step of each phase, and the number of steps
        ("counters", "i8"),  # address: the counters of each step's chunks, a cache line each
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
"""What all threads see: which run it is, how many have finished it, how many are at the phase's end; the phases."""
GENERATION, FINISHED, ARRIVED, STOP, CLOSING, FIRST, LAST = (LINE * at for at in range(len(SHARED)))
OWN = ("phase", "waits", "status", "sleeps", "ring", "seen")
"""What each thread keeps: its phase, whether it waits at its end, how it came back, whether it sleeps, whether it is to
be woken, and the last run it has seen."""
PHASE, WAITS, STATUS, SLEEPS, RING, SEEN = (8 * at for at in range(len(OWN)))
OWN_BYTES = 2 * LINE
COUNTERS_BYTES = 2 * LINE
"""Of each step: how many chunks of the first half are taken, and how many of the second."""

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
def _take(control: Any, counter: int, chunks: int, thread: int) -> int:
    """Return a chunk of a step that nobody has taken, -1 where there is none left."""
    if control.threads == 1:
        chunk = load_int64(counter)
        store_int64(counter, chunk + 1)
        return chunk if chunk < chunks else -1
    # A half of its own first: what a thread wrote in the last phase is then mostly what it reads in this one.
    half = (chunks + 1) // 2
    if thread % 2 == 0:
        chunk = fetch_add(counter, 1)
        if chunk >= half:
            chunk = half + fetch_add(counter + LINE, 1)
    else:
        chunk = half + fetch_add(counter + LINE, 1)
        if chunk >= chunks:
            chunk = fetch_add(counter, 1)
            if chunk >= half:
                return -1
    return chunk if chunk < chunks else -1


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
                step = control.table + at * STEP_BYTES
                kernel = load_int64(step + KERNEL)
                arguments = load_int64(step + ARGUMENTS)
                chunks = load_int64(step + CHUNKS)
                work = load_int64(step + WORK)
                counter = control.counters + at * COUNTERS_BYTES
                while True:
                    if load_int64(control.shared + STOP) != 0:
                        return DONE
                    chunk = _take(control, counter, chunks, thread)
                    if chunk < 0:
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


@inlined
def _begin(control: Any, first: int, last: int) -> int:
    """Reset what threads share, tell the others of a run, and find out who of them has to be woken: how many."""
    for at in range(control.steps):
        for line in range(0, COUNTERS_BYTES if control.threads > 1 else LINE, LINE):
            store_int64(control.counters + at * COUNTERS_BYTES + line, 0)
    for thread in range(control.threads):
        own = control.own + thread * OWN_BYTES
        store_int64(own + PHASE, first)
        store_int64(own + WAITS, 0)
    store_int64(control.shared + FIRST, first)
    store_int64(control.shared + LAST, last)
    store_int64(control.shared + ARRIVED, 0)
    store_int64(control.shared + FINISHED, 0)
    store_int64(control.shared + STOP, 0)
    fetch_add(control.shared + GENERATION, 1)
    asleep = 0
    for thread in range(1, control.threads):
        own = control.own + thread * OWN_BYTES
        ring = exchange(own + SLEEPS, 0)
        store_int64(own + RING, ring)
        asleep += ring
    return asleep


@native(CONTROL)
def begin(arguments: Any, first: int, last: int) -> None:
    """Start a run of the phases from `first` up to, not with, `last`, without taking part."""
    _begin(fields(arguments), first, last)


@native(CONTROL)
def lead(arguments: Any, first: int, last: int) -> None:
    """Thread 0: start a run, work, then wait until the others have let go of it.

    PAUSED when Python has something to do: to wake somebody, or to look for signals. It then goes on with `last` < 0.
    """
    control = fields(arguments)
    status = DONE
    if last >= 0 and _begin(control, first, last) > 0:
        status = PAUSED
    if status == DONE:
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
    control = fields(arguments)
    own = control.own + thread * OWN_BYTES
    seen = load_int64(own + SEEN)
    spins = 0
    status = DONE
    while status == DONE:
        if load_int64(control.shared + GENERATION) != seen:
            # Closing comes as a run too, and is looked at only then: whoever sees the run sees why it was begun.
            seen += 1
            if load_int64(control.shared + CLOSING) != 0:
                status = CLOSED
            else:
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
_int64 = functools.cache(ctypes.c_int64)
"""The number of a phase, as ctypes passes it on: to make it anew takes as long as a tiny step."""


class Machine:
    """A table of steps and the threads that run it. `phases`: the steps of each phase, in order.

    Close it, or let go of it, and its threads end; run it again, and there are new ones, as in a forked process. It may
    be called from any thread; calls wait for each other.
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
        self._counters = aligned((max(1, len(steps)), COUNTERS_BYTES // 8), np.int64)
        stride = -(-scratch_bytes // 4096) * 4096 + 4096
        self._scratch = aligned((threads * stride,), np.uint8, 4096)
        self._control = row(
            CONTROL,
            table=self._table.ctypes.data,
            phases=self._phases.ctypes.data,
            counters=self._counters.ctypes.data,
            steps=len(steps),
            shared=0,
            threads=threads,
            own=0,
            scratch=self._scratch.ctypes.data,
            scratch_bytes=stride,
            give_way=_yield_address(),
        )
        self._hire()

    def _hire(self) -> None:
        """Have threads that are started with the first run; the lock of a forked process may be held by nobody."""
        self._lock = threading.Lock()
        self._crew = _Crew(self._control)
        self._finalizer = weakref.finalize(self, self._crew.dismiss)

    def run(self, first: int = 0, last: int | None = None) -> None:
        """Run the phases from `first` up to, not with, `last`."""
        if self._crew.forks != forks():
            self._finalizer.detach()
            self._hire()
        with self._lock:
            if self._crew.dismissed:
                self._crew.dismiss()  # to its end, if an exception came
                self._crew = _Crew(self._control)
                self._finalizer.detach()
                self._finalizer = weakref.finalize(self, self._crew.dismiss)
            self._crew.run(first, self.phase_count if last is None else last)

    def close(self) -> None:
        """End the threads."""
        if self._crew.forks == forks():
            with self._lock:
                self._crew.dismiss()


class _Crew:
    """Thread 0, and the threads besides, from their start to their end.

    They hold no reference to the machine, so that it can be let go of. An exception, such as KeyboardInterrupt, may
    come between any two lines: what was begun is then found in `_running` or `dismissed` and brought to its end by
    whoever comes next.
    """

    def __init__(self, control: Array) -> None:
        self.forks = forks()
        self.dismissed = False
        self._running = False
        count = int(control["threads"][0])
        self._shared = aligned((len(SHARED), LINE // 8), np.int64)
        self._shared[FINISHED // LINE, 0] = count - 1  # no run is under way
        self._own = aligned((count, OWN_BYTES // 8), np.int64)
        self._control = aligned(control.shape, CONTROL)
        self._control[...] = control
        self._control["shared"], self._control["own"] = self._shared.ctypes.data, self._own.ctypes.data
        self._status = memoryview(self._own[0])[STATUS // 8 :]
        self._address = ctypes.c_int64(self._control.ctypes.data)
        self._begin, self._lead = _CALL(begin.address), _CALL(lead.address)
        self._bells = [threading.Lock() for _ in range(count - 1)]
        self._threads: list[threading.Thread] = []

    def run(self, first: int, last: int) -> None:
        """Run phases; at an exception have all threads leave the run."""
        if self._running:  # an exception came while the last run was being left
            self._stop()
        try:
            if len(self._threads) < len(self._bells):
                self._start()
            self._running = True
            self._lead(self._address, _int64(first), _int64(last))
            while self._status[0] == PAUSED:
                self._ring()
                self._lead(self._address, 0, -1)
            self._running = False
        except BaseException:
            self._stop()
            raise

    def _start(self) -> None:
        serving = _CALL(serve.address)
        try:
            for number, bell in enumerate(self._bells, 1):
                bell.acquire()
                memory = (self._control, self._shared, self._own)
                thread = threading.Thread(
                    target=_attend, args=(serving, memory, number, bell), name=f"cnncalc-{number}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        except BaseException as error:
            self.dismiss()
            if isinstance(error, RuntimeError):
                raise _not_started(error) from error
            raise

    def _ring(self) -> None:
        """Wake those whom a run found asleep. To wake a thread twice does no harm, to forget one would."""
        for bell, own in zip(self._bells, self._own[1:], strict=True):
            if own[RING // 8]:
                if bell.locked():
                    bell.release()
                own[RING // 8] = 0

    def _stop(self) -> None:
        """Have all threads leave the run, and wait until they have."""
        if self._running:
            self._shared[STOP // LINE, 0] = 1
            self._ring()
            while self._shared[FINISHED // LINE, 0] < len(self._bells):
                time.sleep(0)
            self._running = False

    def dismiss(self) -> None:
        """End all threads, and wait until they have; of a forked process they were not."""
        if self.forks != forks():
            return
        self.dismissed = True
        self._stop()
        self._shared[CLOSING // LINE, 0] = 1
        self._begin(self._address, 0, 0)
        self._ring()
        for thread in self._threads:
            # Garbage may be collected in any thread; and one whose start failed cannot be waited for.
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()
        self._threads = []


def _not_started(error: RuntimeError) -> BaseException:
    """Return what to raise where a thread did not start: Ctrl-C, of which threading's locks complain, or too many."""
    if isinstance(error.__context__, KeyboardInterrupt):
        return KeyboardInterrupt()
    message = say("the system starts no further thread: {reason}", reason=error)
    return CnncalcError([Diagnostic("E408", message, help=say("use fewer: --threads 1, in Python threads=1"))])


def _attend(call: Any, memory: tuple[Array, Array, Array], number: int, bell: threading.Lock) -> None:
    """Serve until the crew is dismissed. `memory` must live until then: control, what all share, what each has."""
    control, _, own = memory
    address = int(control.ctypes.data)
    while True:
        call(address, number, 0)
        if own[number, STATUS // 8] == CLOSED:
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
