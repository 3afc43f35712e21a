"""Hostile and unlucky input, end to end: whole processes under limits of memory and time.

Whatever comes in: an exit code that means something, no traceback, no control or bidirectional character of the input
in the output, the same bytes out for the same bytes in, and a static command within 300 MB.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest
from shell import LENET, Result, cnncalc, environment

SECONDS = 30
"""Not a measurement: what takes this long hangs or grows faster than its input."""
MOST_MEMORY = 300 * 2**20
ADDRESS_SPACE = 1536 * 2**20


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


MEASURED = """
import atexit, pathlib, sys
place, status = pathlib.Path(sys.argv.pop(1)), pathlib.Path("/proc/self/status")
atexit.register(lambda: place.write_text(status.read_text()))
from cnncalc.cli import main
main()
"""
"""The command line, which at its end leaves what Linux says of it; what a parent hears counts its own size in."""


def static(*arguments: object, cwd: Path | None = None) -> Result:
    """Run a static command under limits, and hold it to the memory it may take."""
    with tempfile.NamedTemporaryFile("r") as status:
        child = subprocess.run(
            [sys.executable, "-c", MEASURED, status.name, *map(str, arguments)], stdin=subprocess.DEVNULL,
            capture_output=True, env=environment(), cwd=cwd, preexec_fn=limit, timeout=SECONDS,
        )  # fmt: skip
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read())
    assert peak and int(peak[1]) * 1024 < MOST_MEMORY
    return Result(child.returncode, child.stdout.decode(), child.stderr.decode())


ALLOWED = {"\n"}
BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def is_harmless(text: str) -> bool:
    return all(
        one in ALLOWED
        or (unicodedata.category(one) not in ("Cc", "Cf", "Cs") and unicodedata.bidirectional(one) not in BIDI)
        for one in text
    )


def refused(data: bytes, tmp_path: Path, *options: object) -> str:
    """Give bytes to `summary` as a file; hold it to the invariants and to refusing them; return the errors."""
    return ended(data, tmp_path, 2, *options)


def ended(data: bytes, tmp_path: Path, code: int, *options: object) -> str:
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(data)
    first, second = (static("summary", "spec.yaml", *options, cwd=tmp_path) for _ in range(2))
    assert first.code == code, first.err
    assert "Traceback" not in first.err and is_harmless(first.err) and is_harmless(first.out)
    assert first == second
    if code:
        assert first.out == "" and first.err.startswith("error[E")
    return first.err


LAYERS = b"layers:\n  - {name: conv1, type: Conv2d, out_channels: 2, kernel_size: 3}\n"
SMALL = b"input: [1, 8, 8]\n" + LAYERS
BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [" % (98 + at, 98 + at) + b", ".join([b"*%c" % (97 + at)] * 9) + b"]\n" for at in range(9)
)
RECURSIVE = b"""input: [1, 8, 8]
blocks:
  Ping: {layers: [{type: Pong}]}
  Pong: {layers: [{type: Ping}]}
layers: [{type: Ping}]
"""
DEEP = b"""input: [1, 8, 8]
blocks:
""" + b"".join(b"  B%d: {layers: [{type: B%d}]}\n" % (at, at + 1) for at in range(20)) + b"""  B20: {layers: [ReLU]}
layers: [{type: B0}]
"""  # fmt: skip

REFUSED = {
    "an alias bomb": (BOMB + SMALL, "&"),
    "a merge bomb": (b"input: [1, 8, 8]\nlayers:\n  - {<<: {type: ReLU}, name: a}\n", "<<"),
    "a self-reference": (b"input: &x [*x]\n" + LAYERS, "&"),
    "nesting": (b"input: " + b"[" * 100_000, "spec.yaml:1:"),
    "nesting of mappings": (b"".join(b" " * at + b"a:\n" for at in range(100)), "spec.yaml:6"),
    "a Python tag": (b"input: !!python/object/apply:os.system ['touch pwned']\n" + LAYERS, "tag"),
    "any tag": (b"input: !x [1, 8, 8]\n" + LAYERS, "tag"),
    "a second document": (SMALL + b"---\n" + SMALL, "document"),
    "a duplicate key": (SMALL + b"input: [2, 8, 8]\n", "spec.yaml:1:1"),
    "a file over 1 MiB": (b"#" * (2**20 + 1), "1,048,576"),
    "too many events": (b"input: [" + b"1," * 100_001 + b"1]\n" + LAYERS, "100,000"),
    "a scalar over 4 KiB": (b"name: " + b"a" * 5000 + b"\n" + SMALL, "4"),
    "5,000 digits": (b"input: [" + b"9" * 3000 + b", 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "a date": (b"input: [2020-13-45, 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "not a number": (b"input: [.nan, 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "infinity": (b"input: [.inf, 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "a truth value": (b"input: [true, 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "a long expression": (b"input: [" + b"1+" * 150 + b"1, 8, 8]\n" + LAYERS, "200"),
    "an expression bomb": (b"vars: {a: 9007199254740992}\ninput: [a*a*a*a, 8, 8]\n" + LAYERS, "spec.yaml:2:9"),
    "a deep expression": (b"input: ['" + b"-" * 90 + b"1', 8]\n" + LAYERS, "spec.yaml:1:9"),
    "a power": (b"input: ['9**9**9', 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "an attribute": (b"input: ['(1).__class__', 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "a call": (b"input: ['__import__(1)', 8, 8]\n" + LAYERS, "spec.yaml:1:9"),
    "recursive blocks": (RECURSIVE, "Ping -> Pong -> Ping"),
    "stride 0": (SMALL.replace(b"kernel_size: 3", b"kernel_size: 3, stride: 0"), "stride"),
    "a homoglyph": (SMALL.replace(b"kernel_size", "kernеl_size".encode()), "U+0435"),
    "a zero-width key": (SMALL.replace(b"kernel_size", "kernel\u200b_size".encode()), "U+200B"),
    "a formula for a name": (SMALL.replace(b"conv1", b"'=1+1'"), "letters"),
    "a path for a name": (SMALL.replace(b"conv1", b"'../../x'"), "letters"),
    "UTF-16": (SMALL.decode().encode("utf-16"), "UTF-8"),
    "GBK": ("name: 卷积网络的参数\n".encode("gbk") + SMALL, "UTF-8"),
    "NUL": (b"name: a\0b\n" + SMALL, "zero bytes"),
    "an escape as it is": (b"name: a\x1b[2Jb\n" + SMALL, "#x001b"),
    "nothing": (b"", "spec"),
    "a list": (b"- a\n- b\n", "spec.yaml:1:1"),
    "no YAML": (b"{{{{\n", "spec.yaml:"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_place_or_a_way_out(name, tmp_path):
    data, said = REFUSED[name]
    assert said in refused(data, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spec.yaml"]


def test_gbk_is_recognised(tmp_path):
    error = refused("name: 卷积网络的参数和感受野\n".encode("gbk") + SMALL, tmp_path)
    assert "GBK" in error and "save" in error


LIMITS = {
    "a repeat bomb": b"input: [1, 8, 8]\nlayers: [{repeat: 1000000000, type: ReLU}]\n",
    "a nested repeat bomb": b"input: [1, 8, 8]\nlayers:\n  - repeat: 9999\n    type: Sequential\n    layers:\n"
    b"      - {repeat: 9999, type: Sequential, layers: [{repeat: 9999, type: ReLU}]}\n",
    "doubling blocks": b"input: [1, 8, 8]\nblocks:\n  B0: {layers: [ReLU]}\n"
    + b"".join(b"  B%d: {layers: [{type: B%d, repeat: 1000}]}\n" % (at, at - 1) for at in range(1, 12))
    + b"layers: [{type: B11}]\n",
}


@pytest.mark.parametrize("name", LIMITS)
def test_too_many_layers_are_a_limit_that_an_option_raises(name, tmp_path):
    assert "--max-layers" in ended(LIMITS[name], tmp_path, 3)


def test_blocks_too_deep(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(DEEP)
    done = static("summary", spec)
    assert done.code in (2, 3) and "16" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("before", "prefix"), [(b"\xef\xbb\xbf", SMALL), (b"", SMALL.replace(b"\n", b"\r\n"))], ids=["BOM", "CRLF"]
)
def test_bom_and_crlf_are_accepted_with_the_same_places(before, prefix, tmp_path):
    plain = refused(SMALL.replace(b"kernel_size", b"kernel_sizes"), tmp_path)
    other = refused(before + prefix.replace(b"kernel_size", b"kernel_sizes"), tmp_path)
    assert other == plain and "spec.yaml:3:50" in plain
    assert ended(before + prefix, tmp_path, 0) == ""


HOSTILE = "\x1b[31m\x1b]0;t\x07\u202e\u2066[/x][bold]:boom:<script>{0}%s"
ESCAPED = (
    '"'
    + HOSTILE.replace("\x1b", "\\e").replace("\x07", "\\a").replace("\u202e", "\\u202e").replace("\u2066", "\\u2066")
    + '"'
)


@pytest.mark.parametrize("command", [["summary"], ["summary", "--format", "markdown"], ["summary", "--json"],
                                     ["explain", "conv1"], ["run"]], ids=" ".join)  # fmt: skip
@pytest.mark.parametrize("color", ["never", "always"])
def test_a_hostile_title_is_shown_and_not_obeyed(command, color, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(f"name: {ESCAPED}\nreference: {ESCAPED}\n".encode() + SMALL)
    done = cnncalc(command[0], spec, *command[1:], "--color", color)
    assert done.code == 0
    for ours in ("\x1b[1m", "\x1b[0m", "\x1b[2m", "\x1b[1;32m"):
        done = Result(done.code, done.out.replace(ours, ""), done.err.replace(ours, ""))
    assert is_harmless(done.out) and is_harmless(done.err)
    if command in (["summary"], ["run"]):
        assert r"\u001b[31m\u001b]0;t\u0007\u202e\u2066[/x][bold]:boom:<script>{0}%s" in done.out


@pytest.mark.parametrize("where", ["type: {}", "type: ReLU, name: {}", "type: ReLU, {}: 1", "type: ReLU, from: {}",
                                   "type: Conv2d, out_channels: {}, kernel_size: 1", "type: ReLU, if: {}",
                                   "type: GELU, approximate: {}"])  # fmt: skip
def test_hostile_text_in_an_error_is_shown_and_not_obeyed(where, tmp_path):
    error = refused(f"input: [1, 8, 8]\nlayers:\n  - {{{where.replace('{}', ESCAPED)}}}\n".encode(), tmp_path)
    assert "spec.yaml:3:" in error


def test_a_hostile_file_name(tmp_path):
    name = "a\x1b[31m\u202e[x].yaml"
    (tmp_path / name).write_bytes(SMALL.replace(b"Conv2d", b"Conv2dd"))
    for done in (cnncalc("summary", name, cwd=tmp_path), cnncalc("summary", f"{name}x", cwd=tmp_path)):
        assert done.code == 2 and is_harmless(done.err) and r"a\u001b[31m\u202e[x].yaml" in done.err
    undecodable = os.fsdecode(b"\xff\xfe.yaml")
    done = cnncalc("summary", undecodable, cwd=tmp_path)
    assert done.code == 2 and r"\udcff\udcfe.yaml" in done.err


def test_twenty_thousand_layers(tmp_path):
    spec = tmp_path / "spec.yaml"
    layer = b"{type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1, repeat: 20000}"
    spec.write_bytes(b"input: [4, 8, 8]\nlayers: [" + layer + b"]\n")
    done = static("summary", spec, "--format", "csv", "--columns", "layer,params")
    assert done.code == 0 and done.out.count("\n") == 20001 and done.out.endswith(",148\n")


def test_a_billion_channels_are_exact_and_not_run(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(b"input: [1000000000, 8, 8]\nlayers: [{type: Conv2d, out_channels: 1000000000, kernel_size: 3}]\n")
    shown = static("summary", spec)
    assert shown.code == 0 and "params 9,000,000,001,000,000,000 " in shown.out
    assert "MACs 324,000,000,000,000,000,000 " in shown.out
    stopped = cnncalc("run", spec)
    assert stopped.code == 3 and stopped.out == "" and "36,000,000,692,000,000,000 bytes" in stopped.err


def test_sizes_past_2_63_are_exact_and_not_run(tmp_path):
    spec = tmp_path / "spec.yaml"
    channels = 2**40
    for layer, output, macs in (
        (f"{{type: Conv2d, out_channels: {channels}, kernel_size: 1}}", channels * 2**62, channels * 2**62),
        (f"{{type: ZeroPad2d, padding: {2**31}}}", (3 * 2**31) ** 2, 0),
    ):
        spec.write_text(f"input: [1, {2**31}, {2**31}]\nlayers: [{layer}]\n")
        shown = static("summary", spec, "--json")
        assert shown.code == 0 and shown.json["layers"][0]["activation_bytes"] == 4 * output
        assert shown.json["layers"][0]["macs"] == macs
        stopped = cnncalc("run", spec)
        assert stopped.code == 3 and "bytes" in stopped.err and "error[E401]" in stopped.err


def test_files_that_are_no_files(tmp_path):
    fifo, folder, loop = tmp_path / "fifo", tmp_path / "folder", tmp_path / "loop"
    os.mkfifo(fifo)
    folder.mkdir()
    loop.symlink_to(loop)
    for path in (fifo, folder, loop, Path("/dev/zero"), Path("/dev/null"), tmp_path / "no"):
        for command in (["summary", path], ["run", LENET, "--top", 1, "--labels", path]):
            done = cnncalc(*command, timeout=SECONDS) if command[0] == "run" else static(*command)
            assert done.code == 2 and done.err.startswith("error[E1") and str(path) in done.err
    unreadable = static("summary", "/proc/self/mem")
    assert unreadable.code == 2 and unreadable.err.startswith("error[E1")


@pytest.mark.parametrize("option", ["--input", "--weights"])
def test_given_files_that_are_no_files(option, tmp_path):
    suffix = {"--input": "npy", "--weights": "npz"}[option]
    fifo, folder = tmp_path / f"fifo.{suffix}", tmp_path / f"folder.{suffix}"
    os.mkfifo(fifo)
    folder.mkdir()
    for path in (fifo, folder):
        done = cnncalc("run", LENET, option, path, timeout=SECONDS)
        assert done.code == 2 and done.err.startswith("error[E1") and str(path) in done.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_nobody_may_read(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(SMALL)
    spec.chmod(0)
    done = cnncalc("summary", spec)
    assert done.code == 2 and os.strerror(errno.EACCES) in done.err


def test_a_full_disk_leaves_the_old_output_and_nothing_beside_it(tmp_path):
    spec, output = tmp_path / "spec.yaml", tmp_path / "y.npy"
    spec.write_bytes(b"input: [1, 64, 64]\nlayers: [ReLU]\n")
    output.write_bytes(b"old")
    cnncalc("run", spec)  # so that the kernel's cache is not what meets the limit

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = cnncalc("run", spec, "--output", output, before=small_files)
    assert done.code == 2 and done.out == "" and "error[E124]" in done.err and str(output) in done.err
    assert output.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spec.yaml", "y.npy"]


def test_a_disk_too_full_for_compiled_code_costs_one_line(tmp_path):
    spec, folder = tmp_path / "spec.yaml", tmp_path / "cache"
    spec.write_bytes(b"input: [1, 8, 8]\nlayers: [ReLU]\n")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = cnncalc("run", spec, env={"CNNCALC_CACHE_DIR": str(folder)}, before=small_files)
    assert done.code == 0 and "agree: shapes" in done.out
    assert done.err.count("\n") == 1 and "compiled code is not kept" in done.err
    (own,) = folder.iterdir()
    assert not list(own.iterdir())


def test_a_numba_that_was_told_not_to_compile_is_named():
    done = cnncalc("run", LENET, env={"NUMBA_DISABLE_JIT": "1"})
    assert done.code == 2 and done.out == "" and "Traceback" not in done.err
    assert "error[E760]: NUMBA_DISABLE_JIT" in done.err


def test_a_read_only_folder_and_no_home(tmp_path):
    done = cnncalc("run", LENET, env={"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/nowhere"})
    assert done.code == 0 and "agree: shapes" in done.out and "Traceback" not in done.err
