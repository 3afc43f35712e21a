"""The questions as Python asks them: numbers and texts as the command line takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncalc.questions.solve.axes import WindowAnswer, WindowQuestion, solve_window
from cnncalc.questions.solve.built import Network
from cnncalc.questions.solve.network import MOST_NETWORKS, NetworkAnswer, Watching, solve_network
from cnncalc.questions.solve.ranges import MOST_COMBINATIONS, parse_vary
from cnncalc.questions.solve.targets import parse_target
from cnncalc.questions.solve.window import Kind
from cnncalc.spec.files import read_text
from cnncalc.spec.load import draft
from cnncalc.spec.nodes import MAX_LAYERS
from cnncalc.text import Shape

Texts = str | Sequence[str]
Size = int | tuple[int, ...] | None
Pad = int | tuple[int, int] | None


def solve(
    path: str,
    *,
    vary: Texts,
    target: Texts,
    layer: str | None = None,
    at: str | None = None,
    input_shape: Shape | None = None,
    settings: Mapping[str, str | int | float | bool] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    max_layers: int = MAX_LAYERS,
    max_combinations: int = MOST_NETWORKS,
    watching: Watching | None = None,
) -> NetworkAnswer:
    """Return what of `vary` gives the spec at `path` (`-`: standard input) all of `target`. See `solve_network`.

    `vary` is one or more of `padding`, `stride=1:8` and `growth={12,24}`, `target` of `14x14` and `params<=1M`.
    """
    network = Network(
        draft(read_text(path), source="<stdin>" if path == "-" else path),
        input_shape,
        settings or {},
        batch,
        dtype,
        max_layers,
    )
    return solve_network(
        network,
        [parse_target(text) for text in _texts(target)],
        parse_vary(_texts(vary)),
        layer=layer,
        at=at,
        max_combinations=max_combinations,
        watching=watching,
    )


def solve_kernel(
    *,
    size: Size = None,
    out: Size = None,
    kernel: Size = None,
    stride: Size = None,
    dilation: Size = None,
    padding: Pad = None,
    output_padding: Size = None,
    kind: Kind = "conv",
    ceil_mode: bool = False,
    vary: Texts = (),
    max_combinations: int = MOST_COMBINATIONS,
) -> WindowAnswer:
    """Return the settings of a lone kernel that turn `size` into `out`. See `solve_window`.

    Sizes are a number, or a tuple with one an axis; `padding` is a number, or (before, after) for every axis.
    """
    question = WindowQuestion(
        _sizes(size),
        _sizes(out),
        _sizes(kernel),
        _sizes(stride),
        _sizes(dilation),
        None if padding is None else ((padding, padding) if isinstance(padding, int) else padding,),
        _sizes(output_padding),
        kind,
        ceil_mode,
    )
    return solve_window(question, parse_vary(_texts(vary)), max_combinations=max_combinations)


def _sizes(value: Size) -> tuple[int, ...] | None:
    return (value,) if isinstance(value, int) else value


def _texts(value: Texts) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
