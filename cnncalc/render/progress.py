"""Progress on a terminal's stderr, for what lasts over half a second; silence elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import prod
from typing import Any

from cnncalc.graph import Graph, Node
from cnncalc.render.screen import Screen
from cnncalc.text import later, say

PATIENCE = 0.5
"""Seconds before a bar appears."""

Before = Callable[[Node], None]
After = Callable[[Any], None]


@contextmanager
def counting(total: int, color: str) -> Generator[Callable[[int], None]]:
    """Give a callback that is told how many more things are done; a bar shows how many of `total` are."""
    if not Screen(sys.stderr, color).is_terminal:
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    task = bar.add_task("", total=total)
    start = time.monotonic()

    def advance(count: int) -> None:
        bar.advance(task, count)
        if not bar.live.is_started and time.monotonic() - start > PATIENCE:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def compiling(color: str) -> Generator[Callable[[str, int, int], None]]:
    """Give a callback `(name, number, count)` for before each kernel is compiled; a line says which it is."""
    if not Screen(sys.stderr, color).is_terminal:
        yield lambda name, number, count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    task = bar.add_task("")
    start = time.monotonic()

    def before(name: str, number: int, count: int) -> None:
        told = say("compiling {name}, {number} of {count}", name=name, number=number, count=count)
        bar.update(task, completed=number - 1, total=count, description=told)
        if not bar.live.is_started and time.monotonic() - start > PATIENCE:
            bar.start()

    try:
        yield before
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def progress(graph: Graph, color: str) -> Generator[tuple[Before, After]]:
    """Give two callbacks, before and after each layer; a bar shows the layer and the share of the work done."""
    if not Screen(sys.stderr, color).is_terminal:
        yield (lambda node: None), (lambda step: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    work = {node.name: _work(node) for node in graph.executed}
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    task = bar.add_task("", total=sum(work.values()))
    start = time.monotonic()

    def before(node: Node) -> None:
        bar.update(task, description=node.name)
        if not bar.live.is_started and time.monotonic() - start > PATIENCE:
            bar.start()

    def after(step: Any) -> None:
        bar.advance(task, work[step.node.name])

    try:
        yield before, after
    finally:
        if bar.live.is_started:
            bar.stop()


class RunBar:
    """What is told of a run: what it does now, and of definitions, which take long, the share of the work done."""

    def __init__(self, graph: Graph) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            console=Console(file=sys.stderr),
            transient=True,
        )
        self._graph = graph
        self._task = self.bar.add_task("", total=None)
        self._start = time.monotonic()
        self._work: dict[str, int] = {}

    def stage(self, name: str) -> None:
        """Say which stage begins; how long it takes nobody knows."""
        self._tell(say(STAGES[name]), total=None)

    def compiling(self, name: str, number: int, count: int) -> None:
        """Say which kernel is compiled, and how many there are."""
        told = say("compiling {name}, {number} of {count}", name=name, number=number, count=count)
        self._tell(told, completed=number - 1, total=count)

    def before(self, node: Node) -> None:
        """Say which layer's definition runs."""
        if not self._work:
            self._work = {one.name: _work(one) for one in self._graph.executed}
            self.bar.update(self._task, completed=0)
        told = say("checking {layer} by its definition", layer=node.name)
        self._tell(told, total=sum(self._work.values()))

    def after(self, step: Any) -> None:
        """Count the layer's work as done."""
        self.bar.advance(self._task, self._work[step.node.name])

    def _tell(self, told: str, **numbers: Any) -> None:
        self.bar.update(self._task, description=told, **numbers)
        if not self.bar.live.is_started and time.monotonic() - self._start > PATIENCE:
            self.bar.start()


STAGES = {"pack": later("planning and packing weights"), "run": later("running")}


@contextmanager
def watching(graph: Graph, color: str) -> Generator[RunBar | None]:
    """Give what a run is to tell how far it is; on a terminal alone."""
    if not Screen(sys.stderr, color).is_terminal:
        yield None
        return
    told = RunBar(graph)
    try:
        yield told
    finally:
        if told.bar.live.is_started:
            told.bar.stop()


def _work(node: Node) -> int:
    """Guess a layer's share: its multiply-adds and its elements."""
    return node.layer.quantities(node.input_shapes, node.output_shape).mac + prod(node.output_shape)
