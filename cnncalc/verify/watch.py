"""What is told of a run while it goes on: to a progress bar, or to nobody."""

from __future__ import annotations

from typing import Any, Protocol

from cnncalc.graph import Node


class Watch(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str) -> None:
        """Tell that a stage begins: `pack` or `run`."""

    def compiling(self, name: str, number: int, count: int) -> None:
        """Tell that a kernel is about to be compiled."""

    def before(self, node: Node) -> None:
        """Tell that the definition of a layer is about to run."""

    def after(self, step: Any) -> None:
        """Tell that it has; `step.node` is the layer."""


class Silence:
    """Nobody."""

    def stage(self, name: str) -> None:
        """Do nothing."""

    def compiling(self, name: str, number: int, count: int) -> None:
        """Do nothing."""

    def before(self, node: Node) -> None:
        """Do nothing."""

    def after(self, step: Any) -> None:
        """Do nothing."""
