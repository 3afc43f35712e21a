"""A lighter network beside the original: what it saves, and, where both were run, what it does to the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncalc.lighter import Lightened, Saving
from cnncalc.render.compare import ratio_text
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.summary import wrapped
from cnncalc.render.words import clean, folded, size_text
from cnncalc.text import number, say, say_count

if TYPE_CHECKING:
    from cnncalc.verify.lighter import Effect


def show_lightened(screen: Screen, lightened: Lightened) -> None:
    """Draw what a lighter network saves."""
    screen.show(lightened_lines(lightened, screen.width))


def show_effect(screen: Screen, effect: Effect) -> None:
    """Draw what a lighter network saves, and how its output differs."""
    screen.show([*lightened_lines(effect.lightened, screen.width), *effect_lines(effect, screen.width)])


def lightened_lines(lightened: Lightened, width: int) -> Iterator[Line]:
    """Yield what is saved, then the notes."""
    yield ""
    yield [Piece(say("lighter than the original"), "bold")]
    yield from wrapped(saving_parts(lightened), width)
    for note in lightened.notes:
        yield from folded(clean(note), width)


def saving_parts(lightened: Lightened) -> list[str]:
    """Return what is saved, each a phrase that stays whole where the line is folded."""
    savings, stored = lightened.savings, lightened.stored
    params, macs = savings["parameters"], savings["macs"]
    bytes_, peak = savings["stored_bytes"], savings["peak_bytes"]
    parts = [
        say("params {before} -> {after} ({ratio})", before=number(params[0]), after=number(params[1]), ratio=_x(params))
    ]
    if lightened.zeroed:
        parts.append(say("of them not zero {count}", count=number(lightened.nonzero_parameters)))
    parts.append(
        say("MACs {before} -> {after} ({ratio})", before=number(macs[0]), after=number(macs[1]), ratio=_x(macs))
    )
    sizes = {"before": size_text(bytes_.before), "after": size_text(bytes_.after)}
    parts.append(say("stored {before} -> {after} ({ratio})", **sizes, ratio=_x(bytes_)))
    if stored.indices:
        parts.append(say("of that indices {size}", size=size_text(stored.indices)))
    if stored.scales:
        parts.append(say("of that scales {size}", size=size_text(stored.scales)))
    sizes = {"before": size_text(peak.before), "after": size_text(peak.after)}
    parts.append(say("peak {before} -> {after} ({ratio})", **sizes, ratio=_x(peak)))
    return parts


def _x(saving: Saving) -> str:
    """Write what is left: x0.25; where only more digits tell it from all, x0.997."""
    short = f"x{saving.ratio:.2f}"
    return ratio_text(saving.ratio) if short == "x1.00" and saving.before != saving.after else short


def effect_lines(effect: Effect, width: int) -> Iterator[Line]:
    """Yield how far the outputs are apart."""
    yield ""
    yield [Piece(say("its output beside the original's"), "bold")]
    yield from wrapped(effect_parts(effect), width)
    if effect.most_changed:
        text = say(
            "most changed: {name}, by {error} of its norm",
            name=clean(effect.most_changed.name),
            error=_percent(effect.most_changed.error),
        )
        yield from folded(text, width)


def effect_parts(effect: Effect) -> list[str]:
    """Return the measures, each a phrase."""
    parts = [
        say(
            "error at most {largest}, on average {mean} of the largest output",
            largest=_percent(effect.largest_error),
            mean=_percent(effect.mean_error),
        ),
        say("cosine {value}", value=_or_dash(effect.cosine)),
        say_count(
            "same top class for {same} of {count}",
            "same top class for {same} of {count}",
            effect.tops,
            same=number(effect.agreeing),
        ),
        say("zero weights {zeros} of {weights}", zeros=number(effect.zeros), weights=number(effect.weights)),
    ]
    if effect.noise_ratio is not None:
        parts.insert(2, say("signal to noise {value} dB", value=f"{effect.noise_ratio:.1f}"))
    return parts


def _percent(share: float) -> str:
    return f"{share:.2%}"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def lightened_json(lightened: Lightened) -> dict[str, object]:
    """Return what is saved as JSON values."""
    wishes = lightened.wishes
    return {
        "prune": [wish.text for wish in wishes.prune],
        "quantize": wishes.quantize,
        "scales": wishes.scales,
        **{name: saving._asdict() for name, saving in lightened.savings.items()},
        "nonzero_parameters": lightened.nonzero_parameters,
        "stored": lightened.stored._asdict(),
        "channels": [pool._asdict() for pool in lightened.pools],
        "zeroed": lightened.zeroed,
        "notes": list(lightened.notes),
    }


def effect_json(effect: Effect) -> dict[str, object]:
    """Return what is saved and how far the outputs are apart as JSON values."""
    values = effect._asdict()
    measures = {name: value for name, value in values.items() if name not in ("lightened", "proof", "most_changed")}
    most = effect.most_changed
    return {
        **lightened_json(effect.lightened),
        "effect": {**measures, "most_changed": most._asdict() if most else None},
    }
