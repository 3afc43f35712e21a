"""The pictures' contents for programs: where boxes and lines are, what the steps and the bars say."""

from __future__ import annotations

from cnncalc.analysis.growth import Growth
from cnncalc.analysis.report import Report
from cnncalc.analysis.shares import Share, Shares
from cnncalc.render.plot.layout import Frame
from cnncalc.render.plot.network import NetworkPicture
from cnncalc.render.to_json import SCHEMA_VERSION


def _head(report: Report, kind: str) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.graph.name,
        "input_shape": list(report.graph.input_shape),
        "kind": kind,
    }


def network_json(report: Report, picture: NetworkPicture) -> dict[str, object]:
    """Return boxes, frames and lines with their places in pixels; `frame` and `box` numbers are places in `parts`."""
    drawing, texts = picture.drawing, picture.sheet.texts
    numbers = {part: number for number, part in enumerate(drawing.places)}
    parts: list[dict[str, object]] = []
    for part, place in drawing.places.items():
        frame = drawing.frame_of[part]
        text = texts[part]
        parts.append(
            {
                "kind": "frame" if isinstance(part, Frame) else "box",
                "name": text.name,
                "family": text.family,
                "lines": list(text.lines),
                "copies": text.copies,
                "side_by_side": text.beside,
                "only_for_training": text.aside,
                "layers": [] if isinstance(part, Frame) else [node.name for node in picture.nodes.get(part, [])],
                "frame": None if frame is None else numbers[frame],
                "place": place._asdict(),
            }
        )
    lines = [
        {"source": numbers[one.source], "target": numbers[one.target], "points": [list(point) for point in one.points]}
        for one in drawing.routes
    ]
    labels = [
        {"box": numbers[one.source], "text": picture.label_text(one), "x": one.x, "y": one.y} for one in drawing.labels
    ]
    size = {"width": drawing.width, "height": drawing.height}
    return {**_head(report, "network"), **size, "parts": parts, "lines": lines, "labels": labels}


def growth_json(report: Report, growth: Growth) -> dict[str, object]:
    """Return the steps of the receptive field."""
    steps = [
        {
            "layer": step.name,
            "type": step.type,
            "size": [field.size for field in step.fields],
            "jump": [field.jump if isinstance(field.jump, int) else float(field.jump) for field in step.fields],
        }
        for step in growth.steps
    ]
    return {**_head(report, "receptive-field"), "steps": steps, "whole_from": growth.whole_from}


def costs_json(report: Report, shares: Shares) -> dict[str, object]:
    """Return the rows of the bars."""
    return {
        **_head(report, "costs"),
        "depth": shares.depth,
        "rows": [_share(row) for row in shares.rows],
        "rest": None if shares.rest is None else _share(shares.rest),
        "totals": {"parameters": shares.parameters, "macs": shares.macs},
    }


def _share(row: Share) -> dict[str, object]:
    return {"name": row.name, "layers": row.layers, "parameters": row.parameters, "macs": row.macs}
