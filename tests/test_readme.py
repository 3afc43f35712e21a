"""README.md is true: its commands print what it shows, its tables of keys are complete, its lists are the program's.

`python tests/test_readme.py` writes the present outputs into README.md.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cnncalc
from cnncalc.homework.assignment.read import load_assignment
from cnncalc.homework.submission import load_submission
from cnncalc.layers import LAYERS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block, and where its body stands in README."""

    language: str
    body: str
    start: int
    end: int


def blocks(text: str = TEXT) -> list[Block]:
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(match[1], match[2], match.start(2), match.end(2)) for match in found]


def of(language: str) -> list[str]:
    return [block.body for block in blocks() if block.language == language]


CONSOLE = of("console")
SET_UP = [body.strip() for body in of("sh") if "venv" in body]


def split(body: str) -> tuple[str, list[str]]:
    """Return the command of a console block and the lines shown below it."""
    first, *shown = body.splitlines()
    assert first.startswith("$ cnncalc ")
    assert not any(line.startswith("$ ") for line in shown), "one command a block"
    return first.removeprefix("$ "), shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as README's reader has it: the gallery, and the files that README shows."""
    return prepare(tmp_path_factory.mktemp("readme"))


def prepare(place: Path) -> Path:
    shutil.copytree(ROOT / "specs", place / "specs")
    for body in of("yaml"):
        name = re.match(r"# (\w+\.yaml)\n", body)
        assert name, "each yaml block starts with its file's name"
        (place / name[1]).write_text(body, encoding="utf-8")
    return place


def run(arguments: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    gone = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CNNCALC_ENGINE_CHECKED")
    environment = {key: value for key, value in os.environ.items() if key not in gone}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "LANGUAGE": "en"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )


def output(command: str, place: Path) -> list[str]:
    done = run(["-m", "cnncalc", *shlex.split(command)[1:]], place)
    finding = " check " in command or "solve --in 28 --out 28 --kernel 4" in command
    expected = 2 if "mistakes.yaml" in command else 1 if finding else 0
    assert done.returncode == expected, done.stdout
    return neutral(command, done.stdout.splitlines())


PLACES = [
    (re.compile(r" +[\d.,]+ ms$"), "  0.0 ms"),
    (re.compile(r" +time$"), "    time"),
    (re.compile(r"\bin [\d.]+ s$"), "in 0.00 s"),
    (re.compile(r"^\d+ threads?   \S+ .* GMAC/s .*$"), "1 thread"),
    (re.compile(r"\b\d\.\de-0[678]\b"), "0.0e-07"),
]


def neutral(command: str, lines: list[str]) -> list[str]:
    """Take out what differs from run to run and from machine to machine."""
    for pattern, instead in PLACES:
        lines = [pattern.sub(instead, line) for line in lines]
    if command == "cnncalc doctor":
        # names of what is looked at, and the verdict
        lines = [line if line.startswith("self-test") else line.split()[0] for line in lines if line[0] != " "]
    return lines


def same(shown: list[str], real: list[str]) -> bool:
    """Whether the lines shown are the real ones, where a line `...` stands for any lines."""
    parts: list[list[str]] = [[]]
    for line in shown:
        if line == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    if len(parts) == 1:
        return shown == real
    if real[: len(parts[0])] != parts[0] or parts[-1] != real[len(real) - len(parts[-1]) :]:
        return False
    rest = real[len(parts[0]) : len(real) - len(parts[-1])]
    for part in parts[1:-1]:
        at = next((at for at in range(len(rest)) if rest[at : at + len(part)] == part), None)
        if at is None:
            return False
        rest = rest[at + len(part) :]
    return True


@pytest.mark.parametrize("body", CONSOLE, ids=[split(body)[0] for body in CONSOLE])
def test_a_command_prints_what_is_shown(body: str, folder: Path) -> None:
    command, shown = split(body)
    real = output(command, folder)
    shown = neutral(command, shown)
    assert same(shown, real), "\n".join(["shown:", *shown, "real:", *real])


def test_no_machine_is_named() -> None:
    assert not re.search(r"/(root|work|tmp)/|site-packages|file://", TEXT)


def test_every_command_and_form_is_shown() -> None:
    from cnncalc.cli.app import application
    from cnncalc.cli.options import Dtype, Format
    from cnncalc.render.table import COLUMNS

    shown = {shlex.split(split(body)[0])[1] for body in CONSOLE}
    commands = {
        command.name or command.callback.__name__ for command in application().registered_commands if command.callback
    }
    assert shown == {*commands, "--version"}
    for word in (*COLUMNS, *(one.value for one in Format), *(one.value for one in Dtype)):
        assert f"`{word}`" in TEXT, word


def test_the_set_up_commands_are_what_ci_runs() -> None:
    assert len(SET_UP) == 2
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in ci if line in SET_UP] == SET_UP
    assert all("\n" not in command for command in SET_UP)
    assert os.access(ROOT / ".ci/run", os.X_OK) or sys.platform == "win32"


@pytest.mark.parametrize("name", [name for body in of("yaml") for name in re.findall(r"\A# (\w+\.yaml)\n", body)])
def test_specs_load_or_err_as_shown(name: str, folder: Path) -> None:
    path = str(folder / name)
    if name == "mistakes.yaml":
        with pytest.raises(cnncalc.CnncalcError):
            cnncalc.load(path)
    elif name == "answers.yaml":
        assert not load_submission(path).found
    elif name in ("homework.yaml", "assignment.yaml"):
        assert load_assignment(path).questions
    else:
        assert not cnncalc.load(path).warnings


def test_the_python_snippet_prints_what_is_shown(folder: Path) -> None:
    (code,), (shown,) = of("python"), of("text")
    done = run(["-c", code], folder)
    assert done.stdout == shown


def test_the_layer_types_are_all() -> None:
    _, _, *rows = TEXT.split("### Layer types")[1].split("\n\n")[2].splitlines()
    assert ", ".join(row.split("|")[2].strip() for row in rows).split(", ") == list(LAYERS)


def test_options_named_in_the_set_of_other_commands_exist(folder: Path) -> None:
    """The examples that need files a reader has to bring are not run; their options exist."""
    for body in of("sh"):
        if "venv" not in body:
            command, *options = re.findall(r"(?:(?<=^cnncalc )\w+|(?<= )--\w+)", body)
            text = run(["-m", "cnncalc", command, "--help"], folder).stdout
            assert options and all(option in text for option in options)


# -- keys of the JSON

OPEN = {"arguments", "parameters", "buffers", "optimizer", "total", "also", "calls", "mismatches", "top"}
"""What README describes whole: objects whose keys are names of the network's own, and small records."""
SAME = ("receptive_field_without_gate", "receptive_field_smallest_path", "heads[].layers")
"""The same form as described elsewhere in the table."""


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every key: `layers[].name`."""
    if isinstance(value, dict):
        if {"static", "executed", "agrees"} <= set(value):
            value = {key: entry for key, entry in value.items() if key not in ("static", "executed", "agrees")}
        for key, entry in value.items():
            here = f"{path}.{key}" if path else key
            yield here
            inside = path == "totals" or key not in OPEN
            if inside and not here.endswith(SAME):
                yield from paths(entry, here)
    elif isinstance(value, list):
        for entry in value:
            yield from paths(entry, f"{path}[]")


def documented(which: str) -> set[str]:
    rows = TEXT.split(f"<!-- {which} keys -->\n\n")[1].split("\n\n")[0].splitlines()[2:]
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row.split("|")[1])}


GATED = """
cnncalc: 1
input: [4, 8, 8]
layers:
  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
  - {name: pool, type: GlobalAvgPool2d}
  - {name: gate, type: Multiply, from: [conv, pool]}
  - {name: off, type: Conv2d, from: conv, out_channels: 4, kernel_size: 3, padding: [[0, 2], [0, 2]]}
  - {name: both, type: Concat, from: [gate, conv, off]}
  - {name: up, type: Upsample, from: off, scale_factor: 2}
"""
"""A gate, paths of several sizes, a finer grid and a warning: what brings out the keys that most networks lack."""


def test_the_summary_keys_are_exactly_the_documented_ones(folder: Path) -> None:
    (folder / "gated.yaml").write_text(GATED, encoding="utf-8")
    found: set[str] = set()
    for name in ("gated.yaml", "specs/googlenet.yaml"):
        done = subprocess.run(
            [sys.executable, "-m", "cnncalc", "summary", name, "--json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        value = json.loads(done.stdout)
        found |= set(paths(value))
        always = set(paths(value["layers"], "layers"))
        assert all(always >= set(paths([layer], "layers")) for layer in value["layers"])
        for head in value["heads"]:
            assert {re.sub(r"^heads\[\]\.", "", path) for path in paths(head["layers"], "heads[].layers")} <= found
    assert found == documented("summary")


def test_the_run_keys_are_exactly_the_documented_ones(folder: Path) -> None:
    done = run(["-m", "cnncalc", "run", "specs/lenet.yaml", "--json", "--top", "2", "--verify", "--profile"], folder)
    assert set(paths(json.loads(done.stdout))) == documented("run")


def test_the_lighter_keys_are_exactly_the_documented_ones(folder: Path) -> None:
    done = run(["-m", "cnncalc", "run", "specs/lenet.yaml", "--prune", "weights=0.5", "--json"], folder)
    found = json.loads(done.stdout)["lighter"]
    assert {*found, *(f"effect.{key}" for key in found["effect"])} == documented("lighter")


def test_the_plot_keys_are_exactly_the_documented_ones(folder: Path) -> None:
    found: set[str] = set()
    for kind in ("network", "receptive-field", "costs"):
        done = run(["-m", "cnncalc", "plot", "specs/resnet18.yaml", "--kind", kind, "--json"], folder)
        found |= set(paths(json.loads(done.stdout)))
    assert found == documented("plot")


def test_the_compare_keys_are_exactly_the_documented_ones(folder: Path) -> None:
    specs = ["specs/resnet18.yaml", "specs/resnet34.yaml"]
    options = ["--prune", "weights=0.5", "--expect-equal", "--max-params", "1M", "--json"]
    done = run(["-m", "cnncalc", "compare", *specs, *options], folder)
    found, _ = json.JSONDecoder().raw_decode(done.stdout)  # what was found is told after it
    rest = {path for path in paths(found) if not path.startswith("totals.")}
    inside = {f"totals.*.{key}" for total in found["totals"].values() for key in total}
    quantities = next(row for row in TEXT.splitlines() if row.startswith("| `totals` | by quantity"))
    assert re.findall(r"`(\w+)`", quantities)[1:] == list(found["totals"])
    assert rest | inside == documented("compare")


# -- writing README anew


def rewrite() -> None:
    """Put the outputs that have changed into README; around one `...` as many lines as before."""
    import tempfile

    text = TEXT
    with tempfile.TemporaryDirectory() as name:
        place = prepare(Path(name))
        for block in reversed(blocks()):
            if block.language == "console":
                text = text[: block.start] + fresh(block.body, place) + text[block.end :]
    README.write_text(text, encoding="utf-8")


def fresh(body: str, place: Path) -> str:
    command, shown = split(body)
    done = run(["-m", "cnncalc", *shlex.split(command)[1:]], place)
    real = [anonymous(line) for line in done.stdout.splitlines()]
    if same(neutral(command, shown), neutral(command, real)):
        return body
    cuts = [at for at, line in enumerate(shown) if line == "..."]
    if len(cuts) == 1:
        tail = len(shown) - cuts[0] - 1
        real = [*real[: cuts[0]], "...", *real[len(real) - tail :]]
    elif cuts:
        real = shown  # which lines to show is for a person to choose
    return "\n".join([f"$ {command}", *real]) + "\n"


def anonymous(line: str) -> str:
    line = line.replace(str(Path.home()), "/home/ada")
    return re.sub(r"^(platform +)(\w+)-.*?(x86_64|arm64|aarch64).*", r"\1\2-\3", line)


if __name__ == "__main__":
    rewrite()
