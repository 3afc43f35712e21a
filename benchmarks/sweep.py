"""`cnncalc sweep`: combinations a second, a network and a number of jobs, and how they grow with the jobs.

Each is the whole command with its start, writing CSV; the commands take turns. More jobs than idle cores gain little.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from timing import CNNCALC, ROOT, arguments, seconds, show

from cnncalc.executors import cores

SWEEPS: dict[str, tuple[int, tuple[str, ...]]] = {
    "lenet": (10_000, ("input=1x{28:127}x{28:127}",)),
    "resnet18": (2_000, ("input=3x{160:199}x{160:209}",)),
    "mobilenet_v2": (800, ("input=3x{160:199}x{160:179}",)),
    "densenet121": (500, ("growth=8:57", "input=3x{160:304:16}")),
}
"""By network: how many combinations, and of what."""
DEFAULT = "params, macs, flops, rf, peak, param_bytes, output"


def command(name: str, columns: str, jobs: int, output: Path) -> list[str]:
    """Return the command line of one sweep."""
    sets = [part for one in SWEEPS[name][1] for part in ("--set", one)]
    spec = str(ROOT / "specs" / f"{name}.yaml")
    chosen = [] if columns == DEFAULT else ["--columns", columns]
    return [*CNNCALC, "sweep", spec, *sets, *chosen, "--jobs", str(jobs), "-o", str(output)]


def main() -> None:
    """Print, a network and its columns: combinations a second with one job and with one a core."""
    options = arguments(__doc__ or "", rounds=3)
    jobs = [1, max(2, cores())]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, (count, _) in SWEEPS.items():
            for columns in (DEFAULT, "params,macs"):
                taken: dict[int, list[float]] = {number: [] for number in jobs}
                for _ in range(options.rounds):
                    for number in jobs:
                        output = Path(temporary) / f"{name}{number}.csv"
                        taken[number].append(seconds(command(name, columns, number, output)))
                        if output.read_bytes().count(b"\n") != count + 1:
                            sys.exit(f"{name}: not {count} rows")
                one, many = (median(taken[number]) for number in jobs)
                rows.append(
                    {
                        "network": name,
                        "columns": columns,
                        "combinations": count,
                        "a second, 1 job": count / one,
                        f"a second, {jobs[1]} jobs": count / many,
                        "a minute": round(60 * count / many),
                        "ratio": one / many,
                    }
                )
    print(f"{cores()} cores, {time.strftime('%Y-%m-%d')}", file=sys.stderr)
    show(rows, options.json)


if __name__ == "__main__":
    main()
