"""Runs the command line as its users do: in a process of its own, on pipes or on a terminal."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
LENET = str(SPECS / "lenet.yaml")
COMMAND = (sys.executable, "-m", "cnncalc")
TIMEOUT = 120


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "TERM")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    fixed = {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "TERM": "xterm", "LANGUAGE": "en"}
    return {**kept, **fixed, **(extra or {})}


def cnncalc(
    *arguments: object,
    stdin: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    before: Callable[[], None] | None = None,
    timeout: float = TIMEOUT,
) -> Result:
    """Run a command with its output on pipes. `before` runs in the child before Python starts, for limits."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env=environment(env),
        cwd=cwd or ROOT,
        preexec_fn=before,
        timeout=timeout,
    )
    return Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def in_terminal(
    *arguments: object, columns: int = 80, env: Mapping[str, str] | None = None, split: bool = False
) -> Result:
    """Run a command on a terminal of `columns`; with `split`, only stderr is the terminal and stdout a pipe."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=slave,
        stdout=subprocess.PIPE if split else slave,
        stderr=slave,
        env=environment(env),
        cwd=ROOT,
    )
    os.close(slave)
    seen, piped = b"", b""
    pipe = child.stdout.fileno() if child.stdout else -1
    waiting = {master, *([pipe] if split else [])}
    end = time.monotonic() + TIMEOUT
    while waiting and time.monotonic() < end:
        for ready in select.select(list(waiting), [], [], 1)[0]:
            try:
                data = os.read(ready, 65536)
            except OSError:  # Linux says so when the last writer of a terminal has gone
                data = b""
            if not data:
                waiting.discard(ready)
            elif ready == pipe:
                piped += data
            else:
                seen += data
    code = child.wait(timeout=TIMEOUT)
    os.close(master)
    if child.stdout:
        child.stdout.close()
    shown = seen.decode().replace("\r\n", "\n")
    return Result(code, piped.decode(), shown) if split else Result(code, shown, "")


STYLE = re.compile(r"\x1b\[[0-9;]*m")


def unstyled(text: str) -> str:
    return STYLE.sub("", text)
