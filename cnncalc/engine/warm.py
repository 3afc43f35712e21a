"""All kernels there are for this processor, so that they can be compiled before they are needed."""

from __future__ import annotations

from importlib import import_module

from cnncalc.engine.kernels import FAMILIES
from cnncalc.engine.kernels.margins import zero_margins
from cnncalc.engine.native import Native
from cnncalc.engine.peak import KERNELS
from cnncalc.engine.schedule import begin, lead, serve


def all_kernels() -> list[Native]:
    """Return each kernel that a layer or a profile may need on this processor, and those of every plan, once."""
    found = [begin, lead, serve, zero_margins, *KERNELS]
    for family in FAMILIES:
        found += import_module(f"cnncalc.engine.kernels.{family}").variants()
    return list({kernel.entry: kernel for kernel in found}.values())
