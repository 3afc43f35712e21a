"""Passes over a Graph, one a file, and the Report they add up to. Plain integers throughout; nothing is executed."""
