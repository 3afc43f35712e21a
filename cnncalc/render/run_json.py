"""The proof of a run as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnncalc.render.run import Origins, Ranked
from cnncalc.render.to_json import SCHEMA_VERSION

if TYPE_CHECKING:
    from cnncalc.verify import Proof
    from cnncalc.verify.checks import Check, EngineRun, LayerProof


def proof_json(proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins) -> dict[str, object]:
    """Return a proof as JSON values: each check with `static`, `executed`, `agrees`, and `bound` where it is within.

    What was not checked is null.
    """
    report = proof.report
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.graph.name,
        "input_shape": list(report.graph.input_shape),
        "batch": report.batch,
        "dtype": report.dtype,
        "verified": proof.verified,
        "engine": _engine(proof.engine) if proof.engine else None,
        "input": origins[0],
        "weights": origins[1],
        "seed": origins[2],
        "layers": [_layer(layer) for layer in proof.layers],
        "receptive_field": [
            {"layer": field.node, "axis": field.axis, "input_size": field.input_size, **_check(field.check)}
            for field in proof.fields
        ],
        "input_seen": [
            {"layer": unit.node, "unit": unit.unit, "position": list(unit.position), **_check(unit.check)}
            for unit in proof.units
        ],
        "peak_bytes": _maybe(proof.peak),
        "relative_error": _maybe(proof.error),
        "spread": proof.spread,
        "spoiled_by": proof.spoiled_by or None,
        "checks": len(proof.checks),
        "mismatches": [{"layer": name, "what": check.what} for name, check in proof.mismatches],
        "agrees": not proof.mismatches,
        "output": {"shape": list(proof.output.shape), "top": [[asdict(one) for one in best] for best in ranked]},
        "seconds": proof.seconds,
        **_profile(proof),
    }


def _layer(layer: LayerProof) -> dict[str, object]:
    return {
        "name": layer.node.name,
        "type": layer.node.type,
        "kind": (layer.ran and layer.ran.kind) or None,
        "within": (layer.ran and layer.ran.within) or None,
        "output_shape": _maybe(layer.shape),
        "tensors": _check(layer.tensors),
        "macs": _maybe(layer.macs),
        "macs_on_padding": _maybe(layer.padded_macs),
        "relative_error": _maybe(layer.error),
        "spread": layer.spread,
        "seconds": layer.seconds,
    }


def _engine(engine: EngineRun) -> dict[str, object]:
    return {
        "threads": engine.threads,
        "target": engine.target,
        "seconds": list(engine.seconds),
        "arena_bytes": engine.arena.executed,
        "predicted_bytes": engine.arena.static,
        "constant_bytes": engine.constant_bytes,
        "fallbacks": list(engine.fallbacks),
        "checked": engine.checked,
    }


def _profile(proof: Proof) -> dict[str, object]:
    if not proof.engine or not proof.engine.profile:
        return {}
    from cnncalc.render.profile import profile_json

    profile = proof.engine.profile
    return {"profile": profile_json(profile), "peak_gmacs_per_second": profile[0].peak / 1e9}


def _maybe(check: Check | None) -> dict[str, object] | None:
    return None if check is None else _check(check)


def _check(check: Check) -> dict[str, object]:
    bound = {"bound": True} if check.bounded else {}
    return {"static": check.static, "executed": check.executed, "agrees": check.agrees, **bound}
