"""How each right answer is worked out, in parts: products, sizes, chains of windows, elements."""

from __future__ import annotations

from cnncalc.homework.workings.network import working_of as working_of

__all__ = ["working_of"]
