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
from cnncalc.text import say

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


def _work(node: Node) -> int:
    """Guess a layer's share: its multiply-adds and its elements."""
    return node.layer.quantities(node.input_shapes, node.output_shape).mac + prod(node.output_shape)
