"""`cnncalc sweep` as its users run it."""

from __future__ import annotations

import csv
import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from shell import COMMAND, LENET, ROOT, SPECS, cnncalc, environment, in_terminal, unstyled

from cnncalc.analysis.report import analyze
from cnncalc.spec.load import load

DENSENET = str(SPECS / "densenet121.yaml")
RESNET = str(SPECS / "resnet18.yaml")


def test_the_table_has_a_row_a_combination():
    done = cnncalc("sweep", DENSENET, "--set", "growth=16,32", "--set", "input=3x{160,224}")
    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0].split()[:2] == ["growth", "input"]
    # torchvision's densenet121 has 7,978,856 parameters and 2,834,161,664 multiply-adds.
    at_224 = next(line for line in lines if "32  3x224x224" in line)
    assert "7,978,856" in at_224 and "2,834,161,664" in at_224
    assert [line[0] for line in lines[1:5]] == ["*", "*", " ", " "]
    assert "4 combinations" in lines
    assert "2 on the Pareto front (*): min:params, min:macs, max:rf" in lines


def test_json_and_csv_hold_the_same_rows():
    arguments = ("sweep", LENET, "--set", "input=1x{4,32}x{32,40}", "--columns", "macs,fc1.params,conv2.output_shape")
    found = cnncalc(*arguments, "--json").json
    assert found["schema_version"] == 1
    assert found["columns"] == ["input", "macs", "fc1.params", "conv2.output"]
    assert [row["input"] for row in found["rows"]] == [[1, 4, 32], [1, 4, 40], [1, 32, 32], [1, 32, 40]]
    assert [row["conv2.output"] for row in found["rows"]] == [None, None, [16, 10, 10], [16, 10, 14]]
    # 16*5*5*120 + 120 and 16*5*7*120 + 120.
    assert [row["fc1.params"] for row in found["rows"]] == [None, None, 48_120, 67_320]
    assert "E310" in found["rows"][0]["error"]
    rows = list(csv.DictReader(cnncalc(*arguments, "--format", "csv").out.splitlines()))
    assert [row["fc1.params"] for row in rows] == ["", "", "48120", "67320"]
    assert rows[3]["conv2.output"] == "16x10x14"
    lines = cnncalc(*arguments, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == found["rows"]


def test_conditions_order_and_number_of_rows():
    rows = cnncalc(
        "sweep", LENET, "--set", "input=1x{28:60:4}", "--where", "macs<=2M", "--where", "rf>30", "--sort", "max:macs",
        "--top", "2", "--json",
    ).json["rows"]  # fmt: skip
    alone = {size: analyze(load(LENET, input_shape=(1, size, size))).totals.macs for size in range(28, 61, 4)}
    wanted = sorted((size for size in alone if alone[size] <= 2_000_000 and size > 30), reverse=True)[:2]
    assert [row["input"][1] for row in rows] == wanted
    assert [row["macs"] for row in rows] == [alone[size] for size in wanted]


def test_what_is_left_out_is_counted_among_what_meets_the_conditions():
    done = cnncalc("sweep", LENET, "--set", "input=1x{28:60:4}", "--where", "rf>30", "--top", "2")
    # Of 9 sizes 8 are above 30.
    assert done.out.splitlines()[-4:-1] == ["9 combinations", "8 meet the conditions", "2 of them shown"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "E732"),
        (["--set", "width=1,2"], 2, "E731"),
        (["--set", "growth=12:4x"], 2, "--set:1:8"),
        (["--set", "growth=1,2", "--columns", "speed"], 2, "E733"),
        (["--set", "growth=1,2", "--columns", "layer9.macs"], 2, "E733"),
        (["--set", "growth=1,2", "--where", "macs~1"], 2, "E736"),
        (["--set", "growth=1,2", "--pareto", "output"], 2, "E736"),
        (["--set", "growth=1,2", "--plot", "macs"], 2, "E736"),
        (["--set", "growth=1,2", "-o", "results.txt"], 2, "E225"),
        (["--set", "growth=1,2", "-o", "no/results.csv"], 2, "E573"),
        (["--set", "growth=1,2", "--jobs", "2", "--dask", "tcp://127.0.0.1:1"], 2, "E225"),
        (["--set", "growth=1:1000000"], 3, "E406"),
        (["--set", "growth=1:11", "--max-combinations", "10"], 3, "E406"),
        (["--set", "growth=0,-1"], 1, "not possible"),
        (["--set", "growth=0,8"], 0, "not possible"),
    ],
)
def test_what_is_refused_and_what_is_only_told(arguments, code, said, tmp_path):
    done = cnncalc("sweep", DENSENET, *arguments, cwd=tmp_path)
    assert done.code == code
    assert said in (done.err if code > 1 else done.out)
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []
    if code > 1:
        told = cnncalc("sweep", DENSENET, *arguments, "--json", cwd=tmp_path)
        assert told.json["errors"][0]["help"]


def test_braces_that_a_shell_works_off_are_put_together_again():
    """bash hands over `--set input=3x{160,192}` as `--set input=3x160 input=3x192`."""
    expected = cnncalc("sweep", LENET, "--set", "input=1x{28,32}x{28,36}", "--json")
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} sweep {LENET} --set input=1x{{28,32}}x{{28,36}} --json"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == (expected.out, "", 0)
    first = cnncalc(
        "sweep", "--set", "input=1x28x28", "input=1x28x36", "input=1x32x28", "input=1x32x36", LENET, "--json"
    )
    assert first.out == expected.out
    assert "one spec" in cnncalc("sweep", LENET, "--set", "input=1x28", "outside=1").err


def test_a_broken_spec_is_an_error_and_not_rows():
    done = cnncalc("sweep", "-", "--set", "a=1,2", stdin="input: [1, 8, 8]\nvars: {a: 1}\nlayers: [Relo]\n")
    assert done.code == 2
    assert "<stdin>:3" in done.err


ARGUMENTS = ("sweep", RESNET, "--set", "input=3x{160:190}x{160:175}", "--jobs", "2")
"""Long enough to be stopped on its way: 496 networks of 69 layers."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "results.csv"
    assert cnncalc(*ARGUMENTS, "-o", path).code == 0
    return path.read_bytes()


def stopped(path: Path, how: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Begin the sweep, and stop it once it has written some rows."""
    child = subprocess.Popen(
        [*COMMAND, *ARGUMENTS, "-o", str(path)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and (not path.exists() or path.read_bytes().count(b"\n") < 3):
        time.sleep(0.005)
    child.send_signal(how)
    out, err = child.communicate(timeout=60)
    return subprocess.CompletedProcess([], child.returncode, out, err)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_sweep_goes_on_and_ends_with_the_same_bytes(how, tmp_path, uninterrupted):
    path = tmp_path / "results.csv"
    child = stopped(path, how)
    done = path.read_bytes().count(b"\n") - 1
    assert 0 < done < 496
    if how is signal.SIGINT:
        assert child.returncode == 130
        assert f"stopped after {done} of 496 combinations" in child.stderr
        assert "Traceback" not in child.stderr
    other = cnncalc("sweep", RESNET, "--set", "input=3x{160,161}", "-o", path)
    assert (other.code, "E735" in other.err) == (2, True)
    assert cnncalc(*ARGUMENTS, "-o", path).code == 0
    assert path.read_bytes() == uninterrupted
    assert [one.name for one in tmp_path.iterdir()] == ["results.csv"]


@pytest.mark.skipif(os.name != "posix", reason="no signal that holds a process up here")
def test_two_sweeps_into_one_file_are_one_too_many(tmp_path, uninterrupted):
    path = tmp_path / "results.csv"
    child = subprocess.Popen([*COMMAND, *ARGUMENTS, "-o", str(path)], env=environment(), stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end and not path.exists():
        time.sleep(0.005)
    child.send_signal(signal.SIGSTOP)
    try:
        second = cnncalc(*ARGUMENTS, "-o", path)
    finally:
        child.send_signal(signal.SIGCONT)
    assert (second.code, "E738" in second.err, "Traceback" in second.err) == (2, True, False)
    assert child.wait(timeout=60) == 0
    assert path.read_bytes() == uninterrupted
    assert [one.name for one in tmp_path.iterdir()] == ["results.csv"]


def test_input_is_the_same_as_set_input(tmp_path):
    expected = cnncalc("sweep", LENET, "--set", "input=1x{28,32}", "--json")
    assert len(expected.json["rows"]) == 2
    for given in (["--input", "1x{28,32}"], ["--input", "1x28", "1x32"], ["--input=1x28", "--input=1x32"]):
        done = cnncalc("sweep", LENET, *given, "--json")
        assert (done.out, done.err, done.code) == (expected.out, "", 0)
    both = cnncalc("sweep", LENET, "--input", "1x28", "--set", "input=1x32")
    assert (both.code, "leave one of them out" in both.err) == (2, True)
    wrong = cnncalc("sweep", LENET, "--input", "1xx")
    assert (wrong.code, "Traceback" in wrong.err) == (2, False)


def test_jobs_change_nothing(tmp_path, uninterrupted):
    path = tmp_path / "results.csv"
    assert cnncalc(*ARGUMENTS[:-1], "1", "-o", path).code == 0
    assert path.read_bytes() == uninterrupted


def test_a_narrow_terminal_leaves_out_columns_and_says_so():
    done = in_terminal("sweep", DENSENET, "--set", "growth=16,32", columns=60)
    lines = unstyled(done.out).splitlines()
    assert max(map(len, lines)) <= 60
    assert "left out to fit" in done.out
    assert "params" in lines[0] and "parameter bytes" not in lines[0]


def test_a_plot_in_characters():
    done = cnncalc("sweep", DENSENET, "--set", "growth=8:48:4", "--plot", "macs,params", "--pareto", "macs,max:params")
    assert done.code == 0
    plot = done.out.split("\n\n")[1].splitlines()
    assert plot[0] == "params" and plot[-1].strip() == "MACs"
    drawn = [line.partition("|")[2] or line.partition("+")[2] for line in plot[1:-3]]
    # All eleven lie on the front: the more parameters, the more work. Some may share a character.
    stars = [(-row, line.index("*")) for row, line in enumerate(drawn) if "*" in line]
    assert len(stars) > 5
    assert stars == sorted(stars, reverse=True) and [x for _, x in stars] == sorted((x for _, x in stars), reverse=True)


def test_a_plot_as_a_picture(tmp_path):
    from xml.etree import ElementTree

    done = cnncalc("sweep", LENET, "--set", "input=1x{28:68:8}", "--svg", "a.svg", "--plot", "input,macs", cwd=tmp_path)
    assert done.code == 0
    root = ElementTree.fromstring((tmp_path / "a.svg").read_text())
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 6
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "input" in texts and "MACs" in texts
    assert cnncalc("sweep", LENET, "--set", "input=1x4", "--svg", "b.svg", cwd=tmp_path).code == 2


@pytest.mark.skipif(os.name != "posix", reason="no named pipes and links here")
def test_devices_pipes_and_folders_stay_what_they_are_and_links_are_followed(tmp_path):
    sweep = ("sweep", LENET, "--set", "input=1x{28,32}")
    for name in ("pipe.csv", "pipe.svg"):
        os.mkfifo(tmp_path / name)
        option = "-o" if name.endswith("csv") else "--svg"
        done = cnncalc(*sweep, option, tmp_path / name)
        assert (done.code, "E123" in done.err) == (2, True)
        assert stat.S_ISFIFO((tmp_path / name).stat().st_mode)
    (tmp_path / "folder.csv").mkdir()
    assert "E122" in cnncalc(*sweep, "-o", tmp_path / "folder.csv").err
    for name, option in (("real.csv", "-o"), ("real.svg", "--svg")):
        (tmp_path / f"link-{name}").symlink_to(tmp_path / name)
        assert cnncalc(*sweep, option, tmp_path / f"link-{name}").code == 0
        assert (tmp_path / f"link-{name}").is_symlink()
        assert (tmp_path / name).stat().st_size > 100


def test_a_picture_without_a_place_is_refused_before_the_work(tmp_path):
    sweep = ("sweep", LENET, "--set", "input=1x{28,32}", "-o", "all.csv")
    (tmp_path / "net.yaml").write_text("kept")
    for svg, said in (("net.yaml", ".svg"), ("no/a.svg", "there is no folder no")):
        done = cnncalc(*sweep, "--svg", svg, cwd=tmp_path)
        assert (done.code, said in done.err) == (2, True)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("net.yaml", "kept")]


def test_a_pipe_that_closes_is_no_error():
    done = subprocess.run(
        f"{' '.join(COMMAND)} sweep {LENET} --set 'input=1x{{28:40}}' | head -1",
        shell=True,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
