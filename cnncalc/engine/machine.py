"""The machine: runs a table of steps on a few threads, without Python in between.

The thread that calls `run` is thread 0; each of the others is a Python thread that stays in compiled code, spinning for
a while between runs before it goes to sleep. What they do there is in schedule.py.
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
from cnncalc.engine.native import C_FUNCTION, row
from cnncalc.engine.plan.operation import Array, Step, aligned
from cnncalc.engine.schedule import (
    CLOSED,
    CLOSING,
    CONTROL,
    COUNTERS_BYTES,
    FINISHED,
    LINE,
    OWN_BYTES,
    PAUSED,
    RING,
    SHARED,
    STATUS,
    STEP,
    STOP,
    begin,
    lead,
    serve,
)
from cnncalc.text import say

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
        self._begin, self._lead = C_FUNCTION(begin.address), C_FUNCTION(lead.address)
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
        serving = C_FUNCTION(serve.address)
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
