"""`cnncalc run` as a whole process, with nothing compiled yet and with the kernels kept; and the engine's own speed.

The reference engine is the definition, not the fast way: GMAC/s say how long a network will take, no more.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from statistics import median
from typing import Any

from timing import CNNCALC, ENVIRONMENT, ROOT, arguments, seconds, show

NETWORKS = ("lenet", "squeezenet1_0", "resnet18", "googlenet", "resnet50")


def speed(network: str, kept: dict[str, str]) -> tuple[float, float]:
    """Return the GMACs of a network and the seconds its layers took, with the kernels kept before."""
    done = subprocess.run(
        [*CNNCALC, "run", f"specs/{network}.yaml", "--json"],
        cwd=ROOT,
        env=ENVIRONMENT | kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    proof = json.loads(done.stdout)
    return sum(layer["macs"]["executed"] for layer in proof["layers"]) / 1e9, proof["seconds"]


def main() -> None:
    """Print, a network: whole process cold and kept, GMACs, the layers' seconds, GMAC/s."""
    options = arguments(__doc__ or "", rounds=3)
    rows: list[dict[str, Any]] = []
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
                "cold / kept": cold / warm,
                "GMACs": gmacs,
                "layers s": spent,
                "GMAC/s": gmacs / spent,
            }
        )
    show(rows, options.json)


if __name__ == "__main__":
    main()
