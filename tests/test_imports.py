"""The house's rules: imports run downward only, and the static path starts without what it does not need."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cnncalc"

LEVELS = [
    {"text"},
    {"diagnostics"},
    {"layers", "executors", "output", "lifetimes"},
    {"graph"},
    {"spec", "analysis", "engine"},
    {"conventions", "lighter"},
    {"questions", "verify", "interop", "homework"},
    {"render"},
    {"cli"},
]
"""From the foundation up. A part may import what stands below it, and itself, but no other part of its level."""

ALLOWED = {("verify", "engine"), ("verify", "analysis"), ("interop", "engine")}
NOTEBOOK = ("analysis", "render")
"""Report shows itself in a notebook through render, imported inside the one method that does so."""


def part_of(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


def imports(path: Path):
    """Yield (imported module, whether at module level) for each import of cnncalc in a file, type checking apart."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cnncalc"):
            yield node.module, id(node) in top
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("cnncalc"):
                    yield name.name, id(node) in top


def test_imports_run_downward_only():
    level = {part: at for at, parts in enumerate(LEVELS) for part in parts}
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(ROOT).with_suffix("")
        own = part_of(".".join(relative.parts))
        if own in ("__init__", "__main__"):
            continue
        assert own in level, f"{path} is in no known part"
        for module, at_top in imports(path):
            other = part_of(module)
            if other in ("", own) or level[other] < level[own]:
                continue
            if (own, other) == NOTEBOOK and not at_top and path.name == "report.py":
                continue
            wrong.append(f"{relative} imports {module}")
    assert not wrong


def test_only_the_engine_and_its_users_name_numpy_and_numba():
    users = {"engine", "interop", "verify"}
    found = {
        part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] in ("numpy", "numba")
    }
    assert found <= users


def modules_after(*arguments: str) -> set[str]:
    """Return the modules that a command line loads in a fresh process."""
    code = (
        "import sys, json\n"
        "from cnncalc.cli import main\n"
        f"sys.argv = ['cnncalc', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "print(json.dumps(list(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ("summary", "specs/lenet.yaml"),
        ("summary", "specs/resnet50.yaml", "--json"),
        ("summary", "specs/googlenet.yaml", "--format", "csv"),
        ("summary", "specs/resnet18.yaml", "--prune", "channels=0.5", "--quantize", "int8"),
        ("explain", "specs/lenet.yaml", "conv2"),
        ("plot", "specs/densenet121.yaml"),
        ("plot", "specs/lenet.yaml", "--bars"),
        ("count", "specs/resnet50.yaml"),
        ("sweep", "specs/lenet.yaml", "--set", "input=1x{28,32}"),
        ("schema",),
        ("solve", "--in", "28", "--out", "28", "--kernel", "5", "--vary", "padding"),
        ("solve", "specs/lenet.yaml", "--layer", "conv2", "--vary", "padding", "--target", "14x14"),
        ("compare", "specs/lenet.yaml", "specs/alexnet.yaml"),
        ("check", "specs/homework/lenet_table/right.md", "--assignment", "specs/homework/lenet_table.yaml"),
    ],
    ids=" ".join,
)
def test_the_static_path_loads_nothing_heavy(arguments):
    loaded = modules_after(*arguments)
    assert not loaded & {"numpy", "numba", "pydantic", "PIL", "safetensors", "rich.console", "rich.table", "click"}


def test_importing_the_package_loads_no_numpy():
    code = "import sys, cnncalc; cnncalc.load; cnncalc.analyze; print('numpy' in sys.modules, 'numba' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_run_whose_kernels_are_kept_loads_no_compiler():
    modules_after("run", "specs/lenet.yaml")
    loaded = modules_after("run", "specs/lenet.yaml")
    assert "llvmlite.binding" in loaded, "it must have run compiled code"
    assert not loaded & {"numba", "cnncalc.engine.vector_types", "cnncalc.engine.reference.operations"}
    assert not loaded & {"importlib.metadata", "PIL", "safetensors", "rich.console", "cnncalc.verify.receptive"}
