"""On a terminal, on a pipe, and in between: widths, colours, progress, completion."""

from __future__ import annotations

import re

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled

RESNET = SPECS / "resnet18.yaml"
COLUMNS = ["#", "layer", "type", "output", "kernel", "params", "MACs", "RF", "memory"]


def titles(text: str) -> list[str]:
    return next(line for line in unstyled(text).splitlines() if " layer " in line).split()


@pytest.mark.parametrize(
    ("columns", "dropped"),
    [
        (120, []),
        (90, ["memory"]),
        (80, ["memory", "RF"]),
        (70, ["memory", "RF", "kernel"]),
        (60, ["memory", "RF", "kernel", "type"]),
        (46, ["memory", "RF", "kernel", "type", "#"]),
    ],
)
def test_columns_give_way_in_the_stated_order_and_are_named(columns, dropped):
    shown = in_terminal("summary", RESNET, "--depth", 1, columns=columns)
    assert shown.code == 0
    assert titles(shown.out) == [title for title in COLUMNS if title not in dropped]
    footer = re.search(r"left out to fit: (.*?)\(", unstyled(shown.out).replace("\n", " "))
    assert (footer[1].split() if footer else []) == [f"{name}," for name in dropped[:-1]] + dropped[-1:]
    assert max(map(len, unstyled(shown.out).splitlines())) <= columns


def test_columns_asked_for_are_kept_and_a_pipe_cuts_nothing():
    kept = in_terminal("summary", RESNET, "--columns", "layer,type,kernel,memory,start", columns=40)
    assert titles(kept.out) == ["layer", "type", "kernel", "memory", "start"]
    for env in ({"COLUMNS": "20"}, {"TERM": "dumb"}, {}):
        assert titles(cnncalc("summary", RESNET, env=env).out) == COLUMNS


def test_a_narrow_run_names_what_it_left_out():
    shown = in_terminal("run", LENET, "--dtype", "float64", columns=46)
    assert "left out to fit: time, type, on padding" in unstyled(shown.out).replace("\n", " ")
    assert "proven: " in shown.out
    fast = unstyled(in_terminal("run", LENET, columns=30).out).replace("\n", " ")
    assert "left out to fit: type, how (" in fast and "checks agree" in fast


@pytest.mark.parametrize(
    ("env", "options", "coloured"),
    [
        ({}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": ""}, [], True),
        ({"TERM": "dumb"}, [], False),
        ({}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ],
)
def test_colour_on_a_terminal(env, options, coloured):
    shown = in_terminal("summary", LENET, *options, env=env)
    assert ("\x1b[" in shown.out) is coloured
    assert unstyled(shown.out) == in_terminal("summary", LENET, "--color", "never").out
    wrong = in_terminal("summary", "nosuch.yaml", *options, env=env)
    assert ("\x1b[" in wrong.out) is coloured and "error[E101]" in unstyled(wrong.out)


def test_colour_on_a_pipe_only_when_asked():
    assert "\x1b" not in cnncalc("summary", LENET).out
    coloured = cnncalc("summary", LENET, "--color", "always").out
    assert "\x1b[1m" in coloured and unstyled(coloured) == cnncalc("summary", LENET).out
    assert "\x1b" not in cnncalc("summary", LENET, "--color", "always", "--json").out


@pytest.mark.parametrize("form", ["csv", "markdown", "latex", "json"])
def test_a_terminal_s_width_changes_no_format_for_programs(form):
    assert in_terminal("summary", LENET, "--format", form, columns=40).out == cnncalc(
        "summary", LENET, "--format", form
    ).out.replace("\t", "        ")


def long_network(tmp_path, repeat: int) -> str:
    spec = tmp_path / "long.yaml"
    body = "[{type: Conv2d, out_channels: 16, kernel_size: 3, padding: 1}]"
    spec.write_text(f"input: [16, 96, 96]\nlayers: [{{type: Sequential, repeat: {repeat}, layers: {body}}}]\n")
    return str(spec)


def test_progress_appears_on_a_terminal_for_long_work_and_goes_away(tmp_path):
    shown = in_terminal("run", long_network(tmp_path, 150), "--verify", "--json", split=True)
    assert shown.code == 0 and shown.out.startswith("{") and shown.json["agrees"]
    assert "checking sequential1." in shown.err and "by its definition" in shown.err
    assert shown.err.rstrip("\n").endswith("\x1b[2K") or "\x1b[?25h" in shown.err


def test_an_ascii_stdout_gets_escapes(tmp_path):
    spec = tmp_path / "name.yaml"
    spec.write_text("name: 卷积 é\ninput: [1, 8, 8]\nlayers: [ReLU]\n", encoding="utf-8")
    shown = cnncalc("summary", spec, env={"PYTHONIOENCODING": "ascii"})
    assert shown.code == 0 and shown.out.startswith(r"\u5377\u79ef \xe9   input")
    spec.write_text("input: [1, 8, 8]\nlayers: [卷积]\n", encoding="utf-8")
    wrong = cnncalc("summary", spec, env={"PYTHONIOENCODING": "ascii"})
    assert wrong.code == 2 and r"\u5377\u79ef" in wrong.err
    assert cnncalc("--help", env={"PYTHONIOENCODING": "ascii"}).out.isascii()


def complete(line: str, **env: str) -> list[str]:
    words = line.split(" ")
    asked = {"_CNNCALC_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), **env}
    return cnncalc(env=asked).out.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("cnncalc su", ["summary"]),
        ("cnncalc summary specs/alex", ["specs/alexnet.yaml"]),
        ("cnncalc summary specs/exam", None),
        ("cnncalc run specs/nosuch/", []),
        ("cnncalc explain specs/lenet.yaml con", ["conv1", "conv2"]),
        ("cnncalc explain specs/nosuch.yaml con", []),
        ("cnncalc explain specs/lenet.yaml conv1 rec", ["receptive_field"]),
        ("cnncalc summary specs/lenet.yaml --columns layer,ou", ["layer,output"]),
        ("cnncalc summary specs/lenet.yaml --form", ["--format"]),
        ("cnncalc summary specs/lenet.yaml --format mark", ["markdown"]),
    ],
)
def test_completion(line, offered):
    found = complete(line)
    if offered is None:
        assert "specs/examples/cross_correlation.yaml" in found
        assert all(name.startswith("specs/examples/") for name in found)
    else:
        assert found == offered


def test_completion_offers_folders_and_specs_and_nothing_else(tmp_path):
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "ab").mkdir()
    assert complete(f"cnncalc summary {tmp_path}/a") == [f"{tmp_path}/a.yaml", f"{tmp_path}/ab/"]
