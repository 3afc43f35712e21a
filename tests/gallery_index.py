"""The index of the gallery: `python tests/gallery_index.py` writes specs/README.md, test_gallery_index.py checks it.

It formats what the library computes. The groups are chosen here; a spec in none of them fails the test.
"""

from __future__ import annotations

from pathlib import Path

import cnncalc
from cnncalc.analysis.depth import depth
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.homework.assignment.read import load_assignment
from cnncalc.render.words import field_text, size_text
from cnncalc.text import number, shape_text

SPECS = Path(__file__).resolve().parents[1] / "specs"
INDEX = SPECS / "README.md"

GROUPS: dict[str, list[str]] = {
    "Classics": ["lenet_1998", "lenet", "alexnet", "zfnet", "nin", "vgg11", "vgg13", "vgg16", "vgg16_bn", "vgg19"],
    "Branches": ["googlenet", "inception_v3"],
    "Shortcuts": [
        *("resnet18", "resnet34", "resnet50", "resnet50_stride_in_1x1", "resnet101", "resnet152"),
        *("densenet121", "densenet169", "convnext_tiny"),
    ],
    "Small and mobile": [
        *("squeezenet1_0", "squeezenet1_1", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"),
        *("mobilenet_v3_small", "shufflenet_v1", "shufflenet_v2_x1_0", "efficientnet_b0"),
    ],
    "Segmentation, sound, video": ["unet", "m18", "c3d", "r3d_18"],
}

HEAD = """\
# The gallery

Each file is one network in about a page. The numbers are computed: `python tests/gallery_index.py` writes this page.
MACs are for one input; heads that only training uses are left out. Depth counts the layers of weights on the longest
way, gates apart. RF is the receptive field of the last feature map before what pools all of it, gates apart. Memory is
the peak of activations in float32 for a batch of 1.
"""

COLUMNS = ("network", "input", "params", "MACs", "depth", "RF", "memory", "reference")


def index() -> str:
    """Return the page."""
    parts = [HEAD]
    for title, names in GROUPS.items():
        rows = [network_row(f"{name}.yaml") for name in names]
        parts.append(f"## {title}\n\n{table(COLUMNS, rows)}")
    examples = [network_row(path)[:-1] for path in files("examples")]
    parts.append(f"## Worked examples\n\n{table(COLUMNS[:-1], examples)}")
    homework = [assignment_row(path) for path in files("homework")]
    parts.append(f"## Homework\n\n{table(('assignment', 'questions', 'points'), homework)}")
    return "\n".join(parts)


def files(folder: str) -> list[str]:
    """List the specs of a folder, from the gallery on."""
    return sorted(path.relative_to(SPECS).as_posix() for path in (SPECS / folder).glob("*.yaml"))


def network_row(path: str) -> list[str]:
    """Return the cells of one network."""
    report = cnncalc.analyze(cnncalc.load(str(SPECS / path)))
    graph, totals = report.graph, report.totals
    seen = last_map(report)
    return [
        f"[{graph.name}]({path})",
        shape_text(graph.input_shape),
        number(totals.parameters),
        number(totals.macs),
        str(depth(graph)),
        field_text(seen.receptive.without_gate) if seen else "",
        size_text(totals.peak_bytes),
        graph.reference,
    ]


def last_map(report: Report) -> LayerFacts | None:
    """Return the last layer whose units see different parts of the input, gates left out."""
    for facts in reversed(report.layers):
        found = facts.receptive
        moving = found.without_gate and all(field.jump for field in found.without_gate)
        if moving and not found.flat and max(facts.node.output_shape[1:]) > 1:
            return facts
    return None


def assignment_row(path: str) -> list[str]:
    """Return the cells of one assignment."""
    assignment = load_assignment(str(SPECS / path))
    points = sum(question.points for question in assignment.questions)
    return [f"[{assignment.name}]({path})", str(len(assignment.questions)), str(points)]


def table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    """Write a Markdown table; what may stand in a cell holds no bar."""
    left = {"network", "input", "assignment", "reference"}
    rule = ["---" if column in left else "---:" for column in columns]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, rule, *rows))


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8", newline="\n")
