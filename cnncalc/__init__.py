"""Shapes, parameters, MACs, receptive fields and memory of a CNN from a text file, each proven by running it.

    import cnncalc
    network = cnncalc.load("specs/lenet.yaml")
    report = cnncalc.analyze(network)
    report.totals.macs, report.layer("conv2").held.parameter_count
    cnncalc.count(network, "fvcore").total
    proof = cnncalc.run(network, verify=True)
    engine = cnncalc.compile(network, batch=8)
    y = engine(x)
    checked = cnncalc.check("answers.yaml", assignment="homework.yaml")

Importing this loads neither numpy nor Numba; `run` and `compile` load numpy, and Numba where something has to be
compiled. Sentences are in English until `cnncalc.use_language("zh")`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report as Report
    from cnncalc.analysis.report import analyze as analyze
    from cnncalc.conventions import Count as Count
    from cnncalc.conventions import count as count
    from cnncalc.diagnostics import CnncalcError as CnncalcError
    from cnncalc.engine.compiled import Engine as Engine
    from cnncalc.engine.compiled import compile as compile
    from cnncalc.graph import Graph as Graph
    from cnncalc.homework.files import check as check
    from cnncalc.homework.marks import Checked as Checked
    from cnncalc.questions.compare import compare as compare
    from cnncalc.questions.solve.ask import solve as solve
    from cnncalc.questions.solve.ask import solve_kernel as solve_kernel
    from cnncalc.questions.sweep import sweep as sweep
    from cnncalc.spec.load import load as load
    from cnncalc.spec.load import loads as loads
    from cnncalc.text import use_language as use_language
    from cnncalc.verify import Proof as Proof
    from cnncalc.verify import run as run

_PLACES = {
    "load": "cnncalc.spec.load",
    "loads": "cnncalc.spec.load",
    "Graph": "cnncalc.graph",
    "analyze": "cnncalc.analysis.report",
    "count": "cnncalc.conventions",
    "Count": "cnncalc.conventions",
    "Report": "cnncalc.analysis.report",
    "run": "cnncalc.verify",
    "compile": "cnncalc.engine.compiled",
    "Engine": "cnncalc.engine.compiled",
    "sweep": "cnncalc.questions.sweep",
    "check": "cnncalc.homework.files",
    "compare": "cnncalc.questions.compare",
    "solve": "cnncalc.questions.solve.ask",
    "solve_kernel": "cnncalc.questions.solve.ask",
    "Checked": "cnncalc.homework.marks",
    "Proof": "cnncalc.verify",
    "CnncalcError": "cnncalc.diagnostics",
    "use_language": "cnncalc.text",
}

__all__ = [
    "Checked",
    "CnncalcError",
    "Count",
    "Engine",
    "Graph",
    "Proof",
    "Report",
    "__version__",
    "analyze",
    "check",
    "compare",
    "compile",
    "count",
    "load",
    "loads",
    "run",
    "solve",
    "solve_kernel",
    "sweep",
    "use_language",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'cnncalc' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
