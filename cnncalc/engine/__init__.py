"""Running a network, to prove what the static passes say about it.

`reference` holds the definition of each operation, `run` executes a graph with them, `probe` measures what a unit sees.
Importing this package compiles nothing: a kernel is compiled when it is first called.
"""
