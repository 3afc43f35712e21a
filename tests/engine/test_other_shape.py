"""What is said of an input of another shape must make it fit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.engine.other_shape import other_sizes, reshaped, transposed

shapes = st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple)


def followed(said: str, x: np.ndarray) -> np.ndarray:
    """Do what is said with an array: `use x.transpose(2, 0, 1)`."""
    method, _, numbers = said.partition("x.")[2].rstrip(")").partition("(")
    return getattr(x, method)(*map(int, numbers.split(", ")))


@given(shapes, shapes)
def test_it_fits_after_what_is_said(got, wanted):
    x = np.arange(np.prod(got)).reshape(got)
    for said in (reshaped(got, wanted), transposed(got, wanted)):
        if said:
            assert followed(said, x).shape[-len(wanted) :] == wanted
    sizes = other_sizes(got, wanted)
    assert sizes is None or (sizes in (got, got[1:]) and sizes != wanted and sizes[0] == wanted[0])


def test_channels_last_become_channels_first():
    picture = np.arange(24).reshape(2, 4, 3)
    said = transposed((2, 4, 3), (3, 2, 4))
    assert said and (followed(said, picture) == np.stack([picture[..., channel] for channel in range(3)])).all()
    batch = transposed((5, 2, 4, 3), (3, 2, 4))
    assert batch and followed(batch, np.zeros((5, 2, 4, 3))).shape == (5, 3, 2, 4)


def test_what_cannot_be_turned_is_not():
    assert reshaped((2, 3), (3, 2)) is None and transposed((4, 2, 2), (3, 2, 2)) is None
    assert other_sizes((28, 28), (1, 32, 32)) is None and other_sizes((0, 1, 28, 28), (1, 32, 32)) is None
