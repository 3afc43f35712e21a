"""What the benchmarks share: commands timed in turns, so that a busy machine slows all alike; one way to print."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_SCRIPT = Path(sys.executable).with_name("cnncalc")
CNNCALC = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "cnncalc"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Bytecode is kept, as it is for users: without it Python compiles all of cnncalc at each start."""


def arguments(doc: str, rounds: int) -> argparse.Namespace:
    """Read the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--rounds", type=int, default=rounds, help="times each is run; medians are reported")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a command from the repository's root and return its wall time. Raises where it fails."""
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=ROOT,
        env={**ENVIRONMENT, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, float]:
    """Return the median wall time of each command; they take turns, after one round that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            spent = seconds(command)
            if turn:
                taken[name].append(spent)
    return {name: median(times) for name, times in taken.items()}


def importable(*modules: str) -> bool:
    """Whether a fresh Python can import all of them."""
    probe = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(modules)}"], capture_output=True, stdin=subprocess.DEVNULL
    )
    return probe.returncode == 0


def show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows that share their keys as a table, or as JSON."""
    if as_json:
        print(json.dumps(list(rows), indent=1))
        return
    titles = list(rows[0])
    cells = [[_text(row[title]) for title in titles] for row in rows]
    widths = [max(len(line[at]) for line in [titles, *cells]) for at in range(len(titles))]
    for line in [titles, *cells]:
        first, *rest = (
            text.rjust(width) if at else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
