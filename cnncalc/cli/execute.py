"""`run`: read what is given, execute, show the proof, save what was asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

from cnncalc.cli.guard import FINDING, show_warnings
from cnncalc.cli.inputs import Preparation, input_array, weight_arrays
from cnncalc.cli.options import is_shape, parse_shape
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.cache import cache_warning
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.graph import Graph
from cnncalc.interop.arrays import write_array
from cnncalc.render.progress import progress
from cnncalc.render.run import Ranked, proof_json, show_proof
from cnncalc.render.screen import Screen
from cnncalc.render.to_json import dumps
from cnncalc.spec.load import load
from cnncalc.spec.source import read_text
from cnncalc.text import say
from cnncalc.verify import needed_bytes, run


class Request(NamedTuple):
    """The options of `run`, as written."""

    file: str
    input: str | None
    mean: str | None
    std: str | None
    resize: str | None
    crop: str | None
    weights: str | None
    seed: int
    batch: int
    dtype: str
    settings: dict[str, str | int | float | bool]
    output: str | None
    save_activations: str | None
    top: int | None
    labels: str | None
    max_layers: int


def execute(request: Request, *, as_json: bool, color: str) -> int:
    """Run a network and print the proof; return the exit code."""
    shape = parse_shape(request.input) if request.input and is_shape(request.input) else None
    graph = load(request.file, input_shape=shape, settings=request.settings, max_layers=request.max_layers)
    check_before(graph, request)
    labels = read_labels(request.labels)
    how = Preparation(request.mean, request.std, request.resize, request.crop)
    x = input_array(graph, request.input, how, request.batch, request.seed, request.dtype)
    weights, extra = weight_arrays(graph, request.weights, request.seed, request.dtype)
    folder = Path(request.save_activations) if request.save_activations else None
    if folder:
        make_folder(folder)
    with progress(graph, color) as (before, after):

        def done(step: Any, output: Any) -> None:
            after(step)
            if folder:
                write_array(folder / f"{step.node.name}.npy", output)

        proof = run(graph, x=x, weights=weights, dtype=request.dtype, before_step=before, after_step=done)
    if request.output:
        write_array(Path(request.output), proof.output)
    ranked = ranking(proof.output, request.top, labels)
    show_warnings((*proof.report.warnings, *extra_warning(extra), *cache_notice()), graph.source, color)
    given = request.input if request.input and shape is None else None
    origins = (given, request.weights, request.seed)
    if as_json:
        sys.stdout.write(dumps(proof_json(proof, ranked, origins)))
    else:
        show_proof(Screen(sys.stdout, color), proof, ranked, origins)
    return FINDING if proof.mismatches else 0


def check_before(graph: Graph, request: Request) -> None:
    """Refuse what cannot end well, before any array is made."""
    from cnncalc.analysis.report import analyze

    refuse_if_too_large(needed_bytes(analyze(graph, batch=request.batch, dtype=request.dtype)))
    if request.labels and not request.top:
        problem = say("--labels names the outputs that --top shows")
        raise CnncalcError([Diagnostic("E225", problem, help=say("add --top 5"))])
    for path in (request.output,):
        if path and not Path(path).resolve().parent.is_dir():
            problem = say("the folder of {path} does not exist", path=path)
            raise CnncalcError([Diagnostic("E191", problem, help=say("make it first, or name another"))])


def make_folder(folder: Path) -> None:
    """Make the folder for activations. Raises CnncalcError where that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = say("cannot make the folder {path}: {reason}", path=folder, reason=error.strerror)
        raise CnncalcError([Diagnostic("E191", problem)]) from None


def read_labels(path: str | None) -> list[str] | None:
    """Return the lines of a labels file."""
    return None if path is None else read_text(path).splitlines()


def ranking(output: Any, top: int | None, labels: list[str] | None) -> list[list[Ranked]]:
    """Return the `top` largest outputs of each input, largest first, with their labels."""
    if top is None:
        return []
    rows: list[list[Ranked]] = []
    for row in output.reshape(output.shape[0], -1):
        best = sorted(range(row.size), key=lambda at: (-row[at], at))[:top]
        rows.append([Ranked(at, float(row[at]), labels[at] if labels and at < len(labels) else "") for at in best])
    return rows


def extra_warning(extra: list[str]) -> list[Diagnostic]:
    """Return the warning for tensors the network has no use for."""
    if not extra:
        return []
    names = ", ".join(extra)
    message = say(
        "the weights hold {count} tensors that the network does not have: {names}", count=len(extra), names=names
    )
    return [Diagnostic("W610", message, help=say("they are not used; is it this network's file?"))]


def cache_notice() -> list[Diagnostic]:
    """Return the warning for a cache folder that cannot be used."""
    warning = cache_warning()
    return [Diagnostic("W611", warning)] if warning else []
