"""How compiled code goes through a table of steps: threads take chunks, phase by phase, and wait for each other.

Steps that do not need each other's results form a phase. In a phase every thread takes chunks, by atomic counters,
until none is left, and waits at a barrier for the others. Even threads take those of a step's first half first, odd
ones those of its second; which thread does a chunk makes no difference to the result.

Waiting threads give the processor away after a short spin, so that more threads than cores, or somebody else's busy
threads, cost time but no standstill. Thread 0 comes back to Python now and then, so that Ctrl-C works within a layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.native import fields, inlined, native
from cnncalc.engine.simd.memory import call_kernel, call_yield, exchange, fetch_add, load_int64, relax, store_int64

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
