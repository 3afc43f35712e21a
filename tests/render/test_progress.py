"""The bar: only on a terminal, only after half a second, and gone at the end."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from cnncalc.render import progress as module
from cnncalc.spec.load import loads

GRAPH = loads("input: [1, 8, 8]\nlayers: [{name: first, type: ReLU}, {name: second, type: ReLU}]\n")


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, seconds: float) -> str:
    """Return what goes to stderr while two layers run, the first for `seconds`."""
    clock, stream = SimpleNamespace(now=0.0), Stream(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module.sys, "stderr", stream)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with module.progress(GRAPH, "auto") as (before, after):
        for node in GRAPH.executed:
            before(node)
            clock.now += seconds
            after(SimpleNamespace(node=node))
    return stream.getvalue()


def test_it_appears_after_half_a_second_and_goes_away(monkeypatch):
    text = shown(monkeypatch, terminal=True, seconds=0.6)
    assert "second" in text and "50%" in text and "first" not in text
    assert text.endswith("\x1b[2K")


def test_short_work_shows_none(monkeypatch):
    assert shown(monkeypatch, terminal=True, seconds=0.4) == ""


def test_a_pipe_shows_none(monkeypatch):
    assert shown(monkeypatch, terminal=False, seconds=60) == ""


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.6), (True, 0.2), (False, 60)])
def test_kernels_are_named_while_they_compile(monkeypatch, terminal, seconds):
    clock, stream = SimpleNamespace(now=0.0), Stream(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module.sys, "stderr", stream)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with module.compiling("auto") as before:
        for number, name in enumerate(("direct.convolve(rows=6)", "margins.zero[x]"), 1):
            before(name, number, 2)
            clock.now += seconds
    shows = terminal and seconds > module.PATIENCE
    assert ("compiling margins.zero[x], 2 of 2" in stream.getvalue()) is shows
    assert shows or stream.getvalue() == ""


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.6), (True, 0.1), (False, 60)])
def test_a_run_says_what_it_does(monkeypatch, terminal, seconds):
    clock, stream = SimpleNamespace(now=0.0), Stream(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module.sys, "stderr", stream)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with module.watching(GRAPH, "auto") as watch:
        assert (watch is not None) is terminal
        if watch:
            watch.stage("pack")
            clock.now += seconds
            watch.compiling("direct.convolve(rows=6)", 1, 2)
            clock.now += seconds / 3
            watch.stage("run")
            for node in GRAPH.executed:
                watch.before(node)
                watch.after(SimpleNamespace(node=node))
    shows = terminal and seconds > module.PATIENCE
    assert ("compiling direct.convolve(rows=6), 1 of 2" in stream.getvalue()) is shows
    assert shows or stream.getvalue() == ""
