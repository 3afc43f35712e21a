"""What a run proved."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from cnncalc.analysis.report import Report
from cnncalc.verify.checks import Check, EngineRun, FieldProof, LayerProof, UnitProof

Array = npt.NDArray[Any]


class Proof(NamedTuple):
    """What a run proved. `outputs`: arrays (N, *shape) by node name, the network's output first.

    Only where the definitions were run there are `units`, `fields` and `peak`, and only where the fast engine was,
    `engine`; where both were, `error` compares their outputs. `seconds`: of the fast engine's runs the median, else all
    layers' together. `spoiled_by`: where numbers first came up that are not finite in float32, `input`, a tensor or a
    layer; empty where none did. `spread`: how many of the output the fast engine spoiled by that, and no definition.
    """

    report: Report
    layers: tuple[LayerProof, ...]
    units: tuple[UnitProof, ...]
    fields: tuple[FieldProof, ...]
    peak: Check | None
    outputs: dict[str, Array]
    seconds: float
    engine: EngineRun | None = None
    error: Check | None = None
    spread: int = 0
    spoiled_by: str = ""

    @property
    def output(self) -> Array:
        """The network's output (N, *shape)."""
        return self.outputs[self.report.graph.nodes[-1].name]

    @property
    def verified(self) -> bool:
        """Whether the definitions were run."""
        return self.peak is not None

    @property
    def checks(self) -> list[tuple[str, Check]]:
        """Every check with the name of what it is about."""
        whole = (self.peak, self.engine and self.engine.arena, self.error)
        return [
            *((layer.node.name, check) for layer in self.layers for check in layer.checks),
            *((unit.node, unit.check) for unit in self.units),
            *((field.node, field.check) for field in self.fields),
            *(("network", check) for check in whole if check is not None),
        ]

    @property
    def mismatches(self) -> list[tuple[str, Check]]:
        """The checks that failed."""
        return [(name, check) for name, check in self.checks if not check.agrees]
