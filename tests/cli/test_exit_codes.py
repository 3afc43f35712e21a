"""Exit codes: 0 fine, 1 a finding, 2 usage or invalid input, 3 a limit. What fails says so on stderr."""

from __future__ import annotations

import os
import subprocess

import pytest
from shell import COMMAND, LENET, ROOT, SPECS, cnncalc, environment

COMMANDS = ("summary", "explain", "run", "schema", "doctor")
LONG = "input: [1, 8, 8]\nlayers: [{type: ReLU, repeat: 20001}]\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["-h"], 0),
        ([], 2),
        (["summry", LENET], 2),
        (["summary"], 2),
        (["explain", LENET], 2),
        (["summary", LENET, LENET], 2),
        (["summary", "nosuch.yaml"], 2),
        (["summary", "specs"], 2),
    ],
)
def test_usage(arguments, code):
    done = cnncalc(*arguments)
    assert done.code == code and "Traceback" not in done.err


def test_a_wrong_command_is_answered_with_the_nearest():
    assert "Did you mean 'summary'?" in cnncalc("summry").err


def test_a_wrong_file_is_answered_with_those_there_are():
    assert "lenet.yaml" in cnncalc("summary", SPECS / "lenett.yaml").err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_works(command):
    shown = cnncalc(command, "--help").out
    assert "Usage: cnncalc" in shown
    example = next(line.strip() for line in shown.splitlines() if "Example:" in line)
    arguments = example.removeprefix("Example: cnncalc ").split()
    assert arguments[0] == command
    if "--input" not in arguments:
        done = cnncalc(*(arguments[: arguments.index(">")] if ">" in arguments else arguments))
        assert done.code == 0 and done.out


def test_a_limit_is_3_only_where_nothing_else_is_wrong(tmp_path):
    spec = tmp_path / "long.yaml"
    spec.write_text(LONG)
    limit = cnncalc("summary", spec)
    assert limit.code == 3 and "error[E4" in limit.err and "--max-layers" in limit.err
    assert cnncalc("summary", spec, "--max-layers", 20001, "--format", "csv").out.count("\n") == 20002
    spec.write_text(LONG.replace("layers: [", "layers: [{type: Relux}, "))
    assert cnncalc("summary", spec).code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["summary", LENET], ["schema"], ["run", LENET],
                                       ["summary", "nosuch.yaml", "--json"]])  # fmt: skip
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_is_a_clear_error(arguments):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, env=environment(), cwd=ROOT,
                              timeout=60)  # fmt: skip
    error = done.stderr.decode()
    assert done.returncode == 2 and error.startswith("error[") and "Traceback" not in error
    assert ("No space left on device" in error) is ("nosuch.yaml" not in arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["summary", str(SPECS / "densenet121.yaml"), "--json"], ["schema"],
                                       ["explain", LENET, "conv1", "--color", "always"], ["doctor"]])  # fmt: skip
def test_a_closed_pipe_is_quiet(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment(), cwd=ROOT,
                          timeout=60)  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_stops_after_a_line():
    child = subprocess.Popen([*COMMAND, "summary", str(SPECS / "densenet121.yaml"), "--json"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment(), cwd=ROOT)  # fmt: skip
    assert child.stdout and child.stderr
    assert child.stdout.readline() == b"{\n"
    child.stdout.close()
    assert (child.wait(timeout=60), child.stderr.read()) == (0, b"")
    child.stderr.close()


def test_a_stdout_that_was_closed_before_the_start():
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "summary", LENET], stderr=subprocess.PIPE,
                          env=environment(), cwd=ROOT, timeout=60)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
