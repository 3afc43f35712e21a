"""Texts of a comparison."""

from __future__ import annotations

import pytest

from cnncalc.render.compare import ratio_text


@pytest.mark.parametrize(
    ("amount", "first", "text"),
    [
        (1, 2, "x0.5"),
        (21_797_672, 11_689_512, "x1.86"),
        (8_448, 8_448, "x1"),
        # VGG-16 with batch normalisation and without: 8,448 parameters more of 138,357,544, which is 0.00611%
        (138_365_992, 138_357_544, "x1.00006"),
        (138_357_544, 138_365_992, "x0.99994"),
        (58_631_144, 10_164, "x5,769"),
        (None, 3, ""),
    ],
)
def test_a_ratio_is_one_only_where_nothing_differs(amount, first, text):
    assert ratio_text(None if amount is None else amount / first) == text
