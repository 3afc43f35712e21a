"""`cnncalc run` as a whole process, with nothing compiled yet and with the kernels kept; and the engine's own speed.

The whole process is set beside a Python that only imports what it needs at least.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

from timing import CNNCALC, ENVIRONMENT, ROOT, arguments, seconds, show

import cnncalc

LEAST = "import numba, typer, rich.table, yaml"
NETWORKS = ("lenet", "squeezenet1_0", "resnet18", "googlenet", "resnet50")


def speed(network: str, kept: dict[str, str]) -> tuple[float, float]:
    """Return the GMACs of a network and the median seconds of a run, with the kernels kept before."""
    done = subprocess.run(
        [*CNNCALC, "run", f"specs/{network}.yaml", "--json", "--repeat", "20"],
        cwd=ROOT,
        env=ENVIRONMENT | kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    gmacs = cnncalc.analyze(cnncalc.load(str(ROOT / f"specs/{network}.yaml"))).totals.macs / 1e9
    return gmacs, json.loads(done.stdout)["seconds"]


def main() -> None:
    """Print, a network: whole process cold and kept, the latter beside the imports, GMACs, a run's time, GMAC/s."""
    options = arguments(__doc__ or "", rounds=3)
    rows: list[dict[str, Any]] = []
    least = median(seconds([sys.executable, "-c", LEAST]) for _ in range(options.rounds))
    for network in NETWORKS:
        command = [*CNNCALC, "run", f"specs/{network}.yaml"]
        with tempfile.TemporaryDirectory() as folder:
            kept = {"CNNCALC_CACHE_DIR": folder}
            cold = seconds(command, kept)
            warm = median(seconds(command, kept) for _ in range(options.rounds))
            gmacs, spent = speed(network, kept)
        rows.append(
            {
                "network": network,
                "cold s": cold,
                "kept s": warm,
                "kept / imports": warm / least,
                "GMACs": gmacs,
                "run ms": 1000 * spent,
                "GMAC/s": gmacs / spent,
            }
        )
    show(rows, options.json)


if __name__ == "__main__":
    main()
