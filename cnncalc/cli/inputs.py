"""What `run` and `explain --at` work on: the input and the weights the user gave, or random ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnncalc.cli.options import is_shape, refused
from cnncalc.engine.matching import match
from cnncalc.engine.tensors import inline_weights, random_input, random_weights
from cnncalc.graph import Graph
from cnncalc.interop.arrays import read_input
from cnncalc.interop.images import read_image
from cnncalc.interop.weights import read_weights
from cnncalc.text import say

IMAGES = (".png", ".jpg", ".jpeg", ".bmp")


class Preparation(NamedTuple):
    """How an image becomes an input, as written."""

    mean: str | None = None
    std: str | None = None
    resize: str | None = None
    crop: str | None = None


def input_array(graph: Graph, given: str | None, how: Preparation, batch: int, seed: int, dtype: str) -> Any:
    """Return the input (N, *input_shape): a .npy file, an image, the spec's own tensor, or seeded random numbers."""
    if given is None or is_shape(given):
        return random_input(graph, batch, seed, dtype)
    path = Path(given)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return read_input(path, graph.input_shape, dtype, graph.input_span)
    if suffix in IMAGES:
        resize = sides(how.resize, "--resize")
        crop = sides(how.crop, "--crop")
        return read_image(
            path,
            graph.input_shape,
            resize=resize[0] if resize and len(resize) == 1 else _pair(resize),
            crop=_pair(crop),
            mean=numbers(how.mean, "--mean"),
            std=numbers(how.std, "--std"),
            dtype=dtype,
        )
    problem = say("--input {path}: cnncalc reads .npy, .png, .jpg and .bmp", path=given)
    raise refused(problem, say("save it as .npy, or give a shape such as 3x224x224"))


def weight_arrays(graph: Graph, given: str | None, seed: int, dtype: str) -> tuple[dict[str, Any], list[str]]:
    """Return the weights by name, and the names in the file that the network has no use for."""
    if given is None:
        return random_weights(graph, seed, dtype), []
    matched = match(graph, {**read_weights(Path(given)), **inline_weights(graph, dtype)}, dtype)
    return matched.weights, matched.extra


def sides(text: str | None, option: str) -> tuple[int, ...] | None:
    """Return the sides of `256` or `224x224`. Raises CnncalcError."""
    if text is None:
        return None
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and 0 < int(part) < 100_000 for part in parts):
        problem = say("{option} {text} is not a size", option=option, text=text)
        raise refused(problem, say("write 256, or 224x224"))
    return tuple(map(int, parts))


def _pair(given: tuple[int, ...] | None) -> tuple[int, int] | None:
    return None if given is None else (given[0], given[-1])


def numbers(text: str | None, option: str) -> Sequence[float] | None:
    """Return the numbers of `0.485,0.456,0.406`. Raises CnncalcError."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        problem = say("{option} {text} is not numbers with commas between", option=option, text=text)
        raise refused(problem, say("write 0.5, or 0.485,0.456,0.406")) from None
