"""From the graph to operations, node by node: which function makes the operations of which layer type."""

from __future__ import annotations

from cnncalc.engine.plan.draft import Builder

BUILDERS: dict[str, Builder] = {}
"""Layer type -> its builder. What is missing runs on the reference kernel."""
