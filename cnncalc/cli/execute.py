"""`run`: read what is given, execute, show the proof, save what was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.report import analyze
from cnncalc.cli.guard import FINDING, show_warnings
from cnncalc.cli.inputs import IMAGES, Preparation, input_array, weight_arrays
from cnncalc.cli.options import is_shape, parse_shape, refused
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.cache import cache_warning
from cnncalc.engine.matching import extra_tensors
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.graph import Graph
from cnncalc.interop.arrays import write_array
from cnncalc.render.progress import progress, watching
from cnncalc.render.run import Ranked, show_proof
from cnncalc.render.screen import Screen
from cnncalc.spec.files import read_text
from cnncalc.spec.load import load
from cnncalc.text import reason_text, say
from cnncalc.verify import needed_bytes, run
from cnncalc.verify.finite import finite_warnings

if TYPE_CHECKING:
    from cnncalc.lighter import Lightened, Wishes
    from cnncalc.render.run import Origins
    from cnncalc.verify import Proof
    from cnncalc.verify.lighter import Effect


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
    wishes: Wishes | None
    verify: bool
    threads: int | None
    repeat: int | None
    profile: bool


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
    effect = None
    if request.wishes:
        effect = run_both(graph, request, x, weights, folder, color)
        proof = effect.proof
        labels = labels_kept(labels, effect.lightened)
    else:
        with watching(graph, color) as watch:
            proof = run(
                graph,
                x=x,
                weights=weights,
                dtype=request.dtype,
                verify=request.verify,
                threads=request.threads,
                repeat=request.repeat,
                profile=request.profile,
                on_output=saver(folder) if folder else None,
                watch=watch,
            )
    if request.output:
        write_array(Path(request.output).resolve(), proof.output)
    ranked = ranking(proof.output, request.top, labels)
    warnings = (
        *proof.report.warnings,
        *extra_tensors(extra),
        *finite_warnings(x, weights if request.weights or graph.tensors else {}, fast=proof.engine is not None),
        *label_warning(labels, proof.output),
        *cache_notice(),
    )
    show_warnings(warnings, graph.source, color)
    given = request.input if request.input and shape is None else None
    origins = (given, request.weights, request.seed)
    if as_json:
        write_json(proof, ranked, origins, effect)
    else:
        screen = Screen(sys.stdout, color)
        show_proof(screen, proof, ranked, origins)
        if effect:
            from cnncalc.render.lighter import show_effect

            show_effect(screen, effect)
    return FINDING if proof.mismatches else 0


def write_json(proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins, effect: Effect | None) -> None:
    """Print a proof, and what a lighter network saves, as JSON."""
    from cnncalc.render.run_json import proof_json
    from cnncalc.render.to_json import dumps

    whole = proof_json(proof, ranked, origins)
    if effect:
        from cnncalc.render.lighter import effect_json

        whole |= {"lighter": effect_json(effect)}
    sys.stdout.write(dumps(whole))


def saver(folder: Path) -> Callable[[str, Any], None]:
    """Return what keeps each layer's output in a folder."""

    def save(name: str, output: Any) -> None:
        write_array(folder / f"{name}.npy", output)

    return save


def run_both(graph: Graph, request: Request, x: Any, weights: Any, folder: Path | None, color: str) -> Effect:
    """Run the network as it is and made lighter, by the definitions, on the same input and weights."""
    from cnncalc.verify.lighter import effect, prepare, run_lighter, run_original

    wishes = request.wishes
    assert wishes
    prepared = prepare(graph, wishes, weights, batch=x.shape[0], dtype=request.dtype)
    with progress(graph, color) as (before, after):
        original = run_original(prepared, x, before=before, after=lambda step, output: after(step))
    save = saver(folder) if folder else None
    with progress(prepared.lightened.report.graph, color) as (before, after):

        def done(step: Any, output: Any) -> None:
            after(step)
            if save:
                save(step.node.name, output)

        proof = run_lighter(prepared, x, before=before, after=done)
    return effect(prepared, original, proof)


def check_before(graph: Graph, request: Request) -> None:
    """Refuse what cannot end well, before any array is made."""
    check_options(request)
    if request.output:
        check_output(Path(request.output))
    refuse_if_too_large(needed_bytes(analyze(graph, batch=request.batch, dtype=request.dtype)))


def check_options(request: Request) -> None:
    """Refuse options that would have no effect. Raises CnncalcError."""
    file = None if request.input is None or is_shape(request.input) else request.input
    check_engine_options(request)
    if request.labels and not request.top:
        raise refused(say("--labels names the outputs that --top shows"), say("add --top 5"))
    if file and request.batch > 1:
        problem = say(
            "--batch {batch} is for random inputs; {path} says itself how many it holds", batch=request.batch, path=file
        )
        raise refused(problem, say("leave --batch out"))
    image = file is not None and Path(file).suffix.lower() in IMAGES
    for option in ("mean", "std", "resize", "crop"):
        if getattr(request, option) is not None and not image:
            problem = say("--{option} is for an image, and the input is none", option=option)
            raise refused(problem, say("give one with --input picture.png"))


def check_engine_options(request: Request) -> None:
    """Refuse options of the fast engine where it does not run. Raises CnncalcError."""
    given = {"threads": request.threads, "repeat": request.repeat, "profile": request.profile or None}
    option = next((name for name, value in given.items() if value is not None), None)
    if option and request.dtype == "float64":
        problem = say("--{option} is for the fast engine, which computes in float32", option=option)
        raise refused(problem, say("leave --dtype out"))
    if request.wishes:
        option = "verify" if request.verify else option
        if option:
            problem = say("--{option} is not for lighter networks, which run by the definitions", option=option)
            raise refused(problem, say("leave it out"))


def check_output(path: Path) -> None:
    """Refuse a place where no file can be put, and what is there but is no file. Raises CnncalcError."""
    if not path.resolve().parent.is_dir():
        problem = say("the folder of {path} does not exist", path=path)
        raise CnncalcError([Diagnostic("E191", problem, help=say("make it first, or name another"))])
    if path.exists() and not path.is_file():
        problem = say("{path} is not a regular file", path=path)
        raise CnncalcError([Diagnostic("E191", problem, help=say("name a file, such as y.npy"))])


def make_folder(folder: Path) -> None:
    """Make the folder for activations. Raises CnncalcError where that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = say("cannot make the folder {path}: {reason}", path=folder, reason=reason_text(error))
        raise CnncalcError([Diagnostic("E191", problem)]) from None


def read_labels(path: str | None) -> list[str] | None:
    """Return the lines of a labels file."""
    return None if path is None else read_text(path).splitlines()


def labels_kept(labels: list[str] | None, lightened: Lightened) -> list[str] | None:
    """Return the labels of the classes that a lighter network still has."""
    last = lightened.original.graph.nodes[-1]
    kept = lightened.kept[last.name]
    if labels is None or len(kept) == last.output_shape[0]:
        return labels
    return [labels[at] for at in kept if at < len(labels)]


def ranking(output: Any, top: int | None, labels: list[str] | None) -> list[list[Ranked]]:
    """Return the `top` largest outputs of each input, largest first, with their labels."""
    if top is None:
        return []
    rows: list[list[Ranked]] = []
    for row in output.reshape(output.shape[0], -1):
        best = sorted(range(row.size), key=lambda at: (-row[at], at))[:top]
        rows.append([Ranked(at, float(row[at]), labels[at] if labels and at < len(labels) else "") for at in best])
    return rows


def label_warning(labels: list[str] | None, output: Any) -> list[Diagnostic]:
    """Return the warning for labels that are not as many as the outputs."""
    outputs = output[0].size
    if labels is None or len(labels) == outputs:
        return []
    message = say("there are {labels} labels and {outputs} outputs", labels=len(labels), outputs=outputs)
    return [Diagnostic("W612", message, help=say("write one a line, in the outputs' order"))]


def cache_notice() -> list[Diagnostic]:
    """Return the warning for a cache folder that cannot be used."""
    warning = cache_warning()
    return [Diagnostic("W611", warning)] if warning else []
