"""Mistakes in receptive fields and jumps."""

from __future__ import annotations

from math import prod

from cnncalc.homework.mistakes.making import FIELDS, NONE, Change, in_chain, in_steps, listed
from cnncalc.homework.workings.fields import Chain, Jumps, Step
from cnncalc.homework.workings.products import Fixed
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.text import later

FIELD = frozenset(("receptive_field",))
JUMP = frozenset(("jump",))


def _multiplied_by(jumps: Jumps) -> Change:
    def change(chain: Chain) -> Chain | None:
        return chain._replace(jumps=jumps) if chain.jumps == "before" else None

    return in_chain(change)


def _summed(working: Working) -> tuple[Changed, ...]:
    """Add up the strides over 1: 4 and 2 make 6; who begins with the jump of the input, 1, gets 7."""
    return _multiplied_by("summed")(working) + _multiplied_by("summed on")(working)


def _without_pools(chain: Chain) -> Chain:
    return chain._replace(axes=tuple(tuple(step for step in steps if not step.pool) for steps in chain.axes))


def _pool_kernel_skipped(step: Step) -> Step:
    return step._replace(kernel=1) if step.pool else step


def _pool_stride_skipped(step: Step) -> Step:
    return step._replace(stride=1) if step.pool else step


def _undilated(step: Step) -> Step:
    return step._replace(dilation=1)


def _dilation_added(step: Step) -> Step:
    return step._replace(kernel=step.kernel + 2 * (step.dilation - 1), dilation=1) if step.dilation > 1 else step


def _dilation_multiplied(step: Step) -> Step:
    return step._replace(kernel=step.kernel * step.dilation, dilation=1) if step.dilation > 1 else step


def _whole(step: Step) -> Step:
    return step._replace(taken=0)


def _last_whole(chain: Chain) -> Chain | None:
    """Add the last kernel whole, where it is not the only one."""
    if not all(len(steps) > 1 for steps in chain.axes):
        return None
    return chain._replace(axes=tuple((*steps[:-1], _whole(steps[-1])) for steps in chain.axes))


def _own_only(chain: Chain) -> Chain | None:
    if not all(chain.axes):
        return None
    own = tuple((steps[-1]._replace(stride=1),) for steps in chain.axes)
    return None if chain.jump else chain._replace(axes=own, beyond=(0,) * len(own))


def _own_stride_only(chain: Chain) -> Chain | None:
    if not chain.jump or not all(chain.axes):
        return None
    return chain._replace(axes=tuple(steps[-1:] for steps in chain.axes))


def _own_left_out(chain: Chain) -> Chain | None:
    if not all(chain.axes):
        return None
    return chain._replace(axes=tuple(steps[:-1] for steps in chain.axes))


def _first_left_out(chain: Chain) -> Chain | None:
    if not all(chain.axes):
        return None
    return chain._replace(axes=tuple(steps[1:] for steps in chain.axes))


def _asked_other(chain: Chain) -> Chain | None:
    """Give the jump for the field, or the field for the jump."""
    return chain._replace(jump=not chain.jump)


def _area(working: Working) -> tuple[Changed, ...]:
    """Count the positions of a field."""
    if not isinstance(working, Chain) or working.jump or len(working.axes) < 2:
        return NONE
    return (Changed(Fixed((prod(working.value),))),)


def _unclipped(working: Working) -> tuple[Changed, ...]:
    """Go on with the chain where every unit sees the same."""
    if not isinstance(working, Chain) or not working.whole:
        return NONE
    return (Changed(working._replace(whole=())),)


def _whole_map_left_out(working: Working) -> tuple[Changed, ...]:
    """Stop before the layer that sees the whole map."""
    if not isinstance(working, Chain) or not working.whole:
        return NONE
    axes = tuple(tuple(step for step in steps if not step.every) for steps in working.axes)
    return (Changed(working._replace(whole=(), axes=axes)),)


def _by_the_rule(chain: Chain) -> Chain | None:
    """Behind a finer grid, take all units for such as see equally much."""
    finer = any(step.stride < 1 for steps in chain.axes for step in steps)
    return chain._replace(beyond=(0,) * len(chain.axes)) if finer and not chain.jump else None


def _kernels(chain: Chain) -> str:
    return listed(step.kernel for step in chain.axes[0])


FIELD_MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "kernel-whole",
        later(
            "each kernel is added whole; a window adds k - 1 times the jump, as it begins where one field already is"
        ),
        FIELD,
        in_steps(_whole),
    ),
    Mistake(
        "last-kernel-whole",
        later("the last kernel is added whole; it too adds k - 1 times the jump"),
        FIELD,
        in_chain(_last_whole),
    ),
    Mistake(
        "own-stride-included",
        later("each window is multiplied with its own stride too; only the strides before it count"),
        FIELD,
        _multiplied_by("own"),
    ),
    Mistake(
        "strides-ignored",
        later("the strides are left out: behind a stride, neighbouring units look further apart"),
        FIELD,
        _multiplied_by("none"),
    ),
    Mistake(
        "previous-stride-only",
        later("each window is multiplied with the stride just before it only; all strides before it count"),
        FIELDS,
        _multiplied_by("previous"),
    ),
    Mistake(
        "jump-added",
        later("the strides are added up, s - 1 each; the jump is their product"),
        FIELDS,
        _multiplied_by("added"),
    ),
    Mistake(
        "strides-summed",
        later("the strides over 1 are added up; the jump is their product"),
        FIELDS,
        _summed,
    ),
    Mistake(
        "pools-skipped",
        later("the pools are left out, with their kernels and strides"),
        FIELDS,
        in_chain(_without_pools),
    ),
    Mistake(
        "pool-kernels-skipped",
        later("the windows of the pools are left out; a pool sees more than one position too"),
        FIELD,
        in_steps(_pool_kernel_skipped),
    ),
    Mistake(
        "pool-strides-skipped",
        later("the strides of the pools are left out"),
        FIELDS,
        in_steps(_pool_stride_skipped),
    ),
    Mistake(
        "field-dilation-forgotten",
        later("dilation is left out: the taps of a dilated kernel stand apart"),
        FIELD,
        in_steps(_undilated),
    ),
    Mistake(
        "field-dilation-added",
        later("a dilated kernel is taken for k + 2(d - 1) wide; it is d(k - 1) + 1"),
        FIELD,
        in_steps(_dilation_added),
    ),
    Mistake(
        "field-dilation-multiplied",
        later("a dilated kernel is taken for k*d wide; it is d(k - 1) + 1"),
        FIELD,
        in_steps(_dilation_multiplied),
    ),
    Mistake(
        "field-from-zero",
        later("the sum starts at 0; before the first window a unit sees one position"),
        FIELD,
        in_chain(lambda chain: None if chain.jump else chain._replace(start=0)),
    ),
    Mistake(
        "own-kernel-only",
        later("this is the layer's own kernel; what it looks at has a receptive field too"),
        FIELD,
        in_chain(_own_only),
    ),
    Mistake(
        "own-stride-only",
        later("this is the layer's own stride; the strides before it count too"),
        JUMP,
        in_chain(_own_stride_only),
    ),
    Mistake(
        "own-window-left-out",
        later("the layer's own window is left out"),
        FIELDS,
        in_chain(_own_left_out),
    ),
    Mistake(
        "first-window-left-out",
        later("the first window is left out"),
        FIELDS,
        in_chain(_first_left_out),
    ),
    Mistake(
        "kernels-multiplied",
        later("the kernels {kernels} are multiplied; each adds k - 1 times the jump"),
        FIELD,
        in_chain(
            lambda chain: None if chain.jump else chain._replace(multiplied=True, beyond=(0,) * len(chain.axes)),
            kernels=_kernels,
        ),
    ),
    Mistake(
        "field-padding-added",
        later("the padding of both sides is added; a window is as wide with padding as without"),
        FIELD,
        in_chain(lambda chain: None if chain.jump else chain._replace(sides=2)),
    ),
    Mistake(
        "field-padding-subtracted",
        later("the padding of both sides is taken off; a window is as wide with padding as without"),
        FIELD,
        in_chain(lambda chain: None if chain.jump else chain._replace(sides=-2)),
    ),
    Mistake(
        "jump-for-field",
        later("this is the jump between neighbouring fields, not how wide one is"),
        FIELD,
        in_chain(_asked_other),
    ),
    Mistake(
        "field-for-jump",
        later("this is how wide a field is, not the jump between neighbouring ones"),
        JUMP,
        in_chain(_asked_other),
    ),
    Mistake(
        "field-area",
        later("these are the positions of a whole field; its side was asked for"),
        FIELD,
        _area,
    ),
    Mistake(
        "field-not-clipped",
        later("the sum goes on where a unit already sees the whole input; it cannot see more than there is"),
        FIELD,
        _unclipped,
    ),
    Mistake(
        "finer-grid-by-rule",
        later(
            "the rule is followed as if all units saw equally much; behind a finer grid it depends on a unit's place"
        ),
        FIELD,
        in_chain(_by_the_rule),
    ),
    Mistake(
        "whole-map-left-out",
        later("the layer that looks at its whole input map is taken for one that adds nothing"),
        FIELD,
        _whole_map_left_out,
    ),
)
