"""A comparison for programs."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.questions.compare import Candidate, Comparison, LayerRow
from cnncalc.questions.findings import Broken, Differs
from cnncalc.render.to_json import SCHEMA_VERSION


def comparison_json(
    comparison: Comparison,
    broken: Sequence[Broken] = (),
    differs: Sequence[Differs] = (),
    *,
    only_differences: bool = False,
) -> dict[str, object]:
    """Return the networks, their totals by quantity, the layer rows, and what was found."""
    return {
        "schema_version": SCHEMA_VERSION,
        "networks": [_network(candidate) for candidate in comparison.candidates],
        "totals": {
            name: {"values": list(total.amounts), "ratios": list(total.ratios), "differs": total.differs}
            for name, total in comparison.totals.items()
            if total.differs or not only_differences
        },
        "layers": [_row(row) for row in comparison.rows if row.differs or not only_differences],
        "broken_budgets": [one._asdict() for one in broken],
        "differences": [one._asdict() for one in differs],
    }


def _network(candidate: Candidate) -> dict[str, object]:
    report = candidate.report
    return {
        "label": candidate.label,
        "name": report.graph.name,
        "source": report.graph.source,
        "input_shape": list(report.graph.input_shape),
        "batch": report.batch,
        "dtype": report.dtype,
        "notes": list(candidate.notes),
    }


def _row(row: LayerRow) -> dict[str, object]:
    return {
        "differs": row.differs,
        "networks": [
            None if part is None else {**part._asdict(), "differences": list(differences)}
            for part, differences in zip(row.parts, row.differences, strict=True)
        ],
    }
