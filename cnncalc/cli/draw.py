"""What `plot` draws, and where it goes: an SVG into a file or a pipe, bars into a terminal, JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cnncalc.cli.options import refused
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.analysis.growth import Growth
    from cnncalc.analysis.report import Report

_OTHER_FORMATS = (".png", ".jpg", ".jpeg", ".pdf", ".eps", ".gif", ".webp")


class Wish(NamedTuple):
    """The options. `kind` is network, receptive-field, costs or None for what suits where it goes."""

    kind: str | None
    output: str | None
    depth: int | None
    bars: bool
    full: bool
    as_json: bool
    color: str

    def check(self) -> None:
        """Refuse options that do not go together, before any work. Raises CnncalcError."""
        if self.output is not None and Path(self.output).suffix.lower() in _OTHER_FORMATS:
            problem = say("-o {path}: cnncalc writes SVG", path=self.output)
            raise refused(problem, say("name a file that ends in .svg; browsers, Inkscape and slides read it"))
        if self.output is not None and self.output != "-":
            _refuse_device(Path(self.output))
        if self.bars and (self.output is not None or self.as_json):
            raise refused(say("--bars is text for the terminal or a pipe"), say("leave out -o and --json"))
        if self.output is not None and self.as_json:
            raise refused(say("--json prints, and -o writes an SVG"), say("leave one of them out"))
        if self.as_bars and self.kind == "network":
            problem = say("a network is drawn as an SVG, which a terminal does not show")
            raise refused(problem, say("add -o network.svg, or ask for --kind costs"))
        if self.full and self.what != "network":
            raise refused(say("--full is for --kind network"), say("leave it out, or add --kind network"))
        if self.depth is not None and self.what == "receptive-field":
            raise refused(say("--depth is for the network and the costs"), say("leave it out"))

    @property
    def as_bars(self) -> bool:
        """Whether text is drawn: on a terminal, unless a file or JSON is asked for."""
        return self.bars or (self.output is None and not self.as_json and sys.stdout.isatty())

    @property
    def what(self) -> str:
        """The kind asked for; without one, costs as bars and else the network."""
        return self.kind or ("costs" if self.as_bars else "network")


def _refuse_device(path: Path) -> None:
    """Raise CnncalcError (E123) for a pipe or a device, such as /dev/stdout; it is named as it was written."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        from cnncalc.interop.files import failed

        problem = say("{path} is not a regular file", path=path)
        raise failed("E123", problem, say("write -o - for standard output; a shell sends that into any place"))


def draw(report: Report, wish: Wish) -> None:
    """Draw what is wished for. Raises CnncalcError: E750 for a receptive field there is not, and for files."""
    draws = {"network": _network, "receptive-field": _growth, "costs": _costs}
    draws[wish.what](report, wish)


def _network(report: Report, wish: Wish) -> None:
    from cnncalc.render.plot.network import NetworkPicture

    picture = NetworkPicture(report, wish.depth, full=wish.full)
    if wish.as_json:
        from cnncalc.render.plot.to_json import network_json

        _print_json(network_json(report, picture))
    else:
        _write(picture.svg(), wish.output)


def _growth(report: Report, wish: Wish) -> None:
    from cnncalc.analysis.growth import growth

    grown = growth(report)
    _check_growth(report, grown)
    if wish.as_json:
        from cnncalc.render.plot.to_json import growth_json

        _print_json(growth_json(report, grown))
    elif wish.as_bars:
        from cnncalc.render.plot.bars import show_growth
        from cnncalc.render.screen import Screen

        show_growth(Screen(sys.stdout, wish.color), report, grown)
    else:
        from cnncalc.render.plot.growth import growth_svg

        _write(growth_svg(report, grown), wish.output)


def _check_growth(report: Report, grown: Growth) -> None:
    if grown.steps:
        return
    if len(report.graph.input_shape) == 1:
        message = say("the input is a vector: every unit sees all of it, and nothing grows")
    else:
        message = say("the first layer sees the whole input, and nothing grows")
    raise CnncalcError([Diagnostic("E750", message, help=say("--kind network and --kind costs can be drawn"))])


def _costs(report: Report, wish: Wish) -> None:
    from cnncalc.analysis.shares import shares

    found = shares(report, wish.depth)
    if wish.as_json:
        from cnncalc.render.plot.to_json import costs_json

        _print_json(costs_json(report, found))
    elif wish.as_bars:
        from cnncalc.render.plot.bars import show_costs
        from cnncalc.render.screen import Screen

        show_costs(Screen(sys.stdout, wish.color), report, found)
    else:
        from cnncalc.render.plot.costs import costs_svg

        _write(costs_svg(report, found), wish.output)


def _print_json(value: dict[str, object]) -> None:
    from cnncalc.render.to_json import dumps

    sys.stdout.write(dumps(value))


def _write(svg: str, output: str | None) -> None:
    """Write an SVG, always in UTF-8: into a file that is there whole or not at all, or to stdout."""
    data = svg.encode("utf-8", "backslashreplace")
    if output is None or output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    from cnncalc.interop.files import write_whole

    def write(file: BinaryIO) -> None:
        file.write(data)

    write_whole(Path(output), write)
