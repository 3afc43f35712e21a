"""The fast engine against ONNX Runtime, OpenVINO and PyTorch: the same networks and weights, in one process, in turns.

Rules: float32 for all, the same number of threads for all, numpy arrays in and out with whatever copies that takes,
and only one thread pool awake at a time. A ratio is a peer's time through ours, the median over pairs of one round
each: above 1 we are faster. Before timing, all outputs are compared with PyTorch's in double precision.

GMAC/s count the network's own multiply-adds, so Winograd's shorter sums may pass the machine's peak.

    python benchmarks/engine.py --quick
    python benchmarks/engine.py --network resnet50 vgg16 --batch 1 --threads 1 2 --json engine.json

Install the peers with `pip install --group peers`. One that is not there is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from statistics import geometric_mean, median, quantiles
from typing import Any

import numpy as np
from peers import OPENERS, OURS, TITLES, Array, Subject, missing, versions
from timing import ROOT, show
from turns import Times, in_turns

import cnncalc
from cnncalc.engine.peak import peak
from cnncalc.engine.target import target
from cnncalc.engine.tensors import random_input

SCHEMA_VERSION = 1
NETWORKS = (
    "lenet", "alexnet", "vgg16", "resnet18", "resnet50", "googlenet", "densenet121", "mobilenet_v2", "squeezenet1_1",
    "inception_v3",
)  # fmt: skip
MARGIN = 1.05
"""A ratio under this is no win: a cell is named that has one."""
SAME = 1e-4
"""Contenders whose outputs differ by more, relative to the largest, do not compute the same network."""

Cell = dict[str, Any]
Calls = dict[str, Callable[[], Array]]


def arguments() -> argparse.Namespace:
    """Read the options."""
    lines = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=lines)
    parser.add_argument("--network", nargs="+", default=list(NETWORKS), help="names of files in specs/")
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=[2, 1])
    parser.add_argument("--only", nargs="+", choices=list(OPENERS), default=list(OPENERS), help="contenders")
    parser.add_argument("--seconds", type=float, help="time for each line of the table")
    parser.add_argument("--quick", action="store_true", help="batch 1 on 2 threads only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there too")
    options = parser.parse_args()
    if options.quick:
        options.batch, options.threads = [1], [2]
    options.seconds = options.seconds or (6.0 if options.quick else 10.0)
    return options


def main() -> int:
    """Measure, print the table and what follows from it; 1 where a contender computed something else."""
    options = arguments()
    names = [name for name in options.only if not _left_out(name)]
    if not names:
        return 1
    result = {
        "schema_version": SCHEMA_VERSION,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "python": platform.python_version(),
        "contenders": names,
        "versions": versions(names),
    }
    cells: list[Cell] = []
    peaks: dict[str, float] = {}
    for network in options.network:
        for threads in options.threads:  # time and again, as a busy machine only ever shows less of it
            peaks[str(threads)] = max(peaks.get(str(threads), 0.0), peak(threads) / 1e9)
        cells += measure(network, names, options)
    for cell in cells:
        if "gmacs" in cell:
            cell["peak_share"] = cell["gmacs"] / peaks[str(cell["threads"])]
    result |= {"peak_gmacs": peaks, "cells": cells, "means": means(cells), "under": under(cells)}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    report(result)
    return 1 if any(cell["wrong"] for cell in cells) else 0


def measure(network: str, names: Sequence[str], options: argparse.Namespace) -> list[Cell]:
    """Return a network's cells: one for each batch and number of threads."""
    graph = cnncalc.load(ROOT / "specs" / f"{network}.yaml")
    subject = Subject.of(graph)
    macs = cnncalc.analyze(graph).totals.macs
    images = random_input(graph, max(options.batch))
    truth = subject.truth(images)
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder, "network.onnx")
        for batch in options.batch:
            if {"onnxruntime", "openvino"} & set(names):
                subject.export(images[:batch], onnx)
            for threads in options.threads:
                print(f"{network}, batch {batch}, threads {threads}", file=sys.stderr)
                cell: Cell = {"network": network, "batch": batch, "threads": threads}
                with ExitStack() as opened:
                    calls: Calls = {}
                    for name in names:
                        run, close = OPENERS[name](subject, batch, threads, onnx)
                        opened.callback(close)
                        calls[name] = partial(run, images[:batch])
                    cell |= right(calls, truth)
                    calls = {name: call for name, call in calls.items() if name not in cell["wrong"]}
                    cell |= compared(in_turns(calls, options.seconds), batch * macs)
                cells.append(cell)
    return cells


def right(calls: Calls, truth: Array | None) -> Cell:
    """Return how far each contender's output is from the truth, and who computes something else."""
    errors: dict[str, float] = {}
    for name, call in calls.items() if truth is not None else ():
        output = call()
        wanted = truth[: len(output)]
        errors[name] = float(np.abs(output - wanted).max() / np.abs(wanted).max())
    return {"errors": errors, "wrong": [name for name, error in errors.items() if not error <= SAME]}


def compared(times: Times, macs: int) -> Cell:
    """Return what a cell's times say: medians, how many times as long each peer took, and our speed."""
    cell: Cell = {
        "pairs": min(map(len, times.values()), default=0),
        "ms": {name: 1e3 * median(taken) for name, taken in times.items()},
        "ratios": {},
    }
    if OURS in times:
        cell["gmacs"] = macs / median(times[OURS]) / 1e9
        for name in (name for name in times if name != OURS):
            pairs = [theirs / ours for theirs, ours in zip(times[name], times[OURS], strict=True)]
            low, middle, high = quantiles(pairs, n=4, method="inclusive")
            cell["ratios"][name] = {"median": middle, "quarter": low, "three_quarters": high}
    return cell


def means(cells: Sequence[Cell]) -> dict[str, dict[str, float]]:
    """Return the geometric mean of each peer's ratios over all cells, and for each batch and number of threads."""
    groups: dict[str, dict[str, list[float]]] = {}
    for cell in cells:
        for peer, ratio in cell["ratios"].items():
            for group in ("all", f"batch {cell['batch']}, threads {cell['threads']}"):
                groups.setdefault(group, {}).setdefault(peer, []).append(ratio["median"])
    return {group: {peer: geometric_mean(ratios) for peer, ratios in peers.items()} for group, peers in groups.items()}


def under(cells: Sequence[Cell]) -> list[str]:
    """Return where we are not faster by the margin: network, batch, threads, peer and ratio."""
    return [
        f"{cell['network']}, batch {cell['batch']}, threads {cell['threads']}: {ratio['median']:.2f} of {TITLES[peer]}"
        for cell in cells
        for peer, ratio in cell["ratios"].items()
        if ratio["median"] < MARGIN
    ]


def report(result: Cell) -> None:
    """Print the table, then a line for each thing it comes to; the last is what we are told by."""
    show([_row(cell, OURS in result["contenders"]) for cell in result["cells"]], as_json=False)
    print()
    for threads, gmacs in result["peak_gmacs"].items():
        print(f"Peak of this machine on {threads} threads: {gmacs:.1f} GMAC/s")
    for cell in result["cells"]:
        for name in cell["wrong"]:
            print(f"{cell['network']}: {TITLES[name]} computes something else, off by {cell['errors'][name]:.1e}")
    ours = [cell["errors"][OURS] for cell in result["cells"] if OURS in cell["errors"]]
    if ours:
        print(f"Our largest relative error against PyTorch in double precision: {max(ours):.1e}")
    if not result["means"]:
        return
    print(f"Ratios under {MARGIN}: {len(result['under'])}", *result["under"], sep="\n  ")
    for group, peers in result["means"].items():
        each = ", ".join(f"{peers[peer]:.2f} against {title}" for peer, title in TITLES.items() if peer in peers)
        print(f"Geometric mean, {group}: {each}")
    if "onnxruntime" in result["means"]["all"]:
        print(f"Geometric mean against ONNX Runtime: {result['means']['all']['onnxruntime']:.2f}")


def _row(cell: Cell, ours: bool) -> Cell:
    """One line of the table: our time and how many times as long each peer took, or without us everyone's times."""
    row: Cell = {title: cell[title] for title in ("network", "batch", "threads", "pairs")}
    if not ours:
        return row | {f"{title} ms": cell["ms"].get(name) for name, title in TITLES.items() if name != OURS}
    row["ms"] = cell["ms"].get(OURS)
    row |= {title: cell["ratios"].get(name, {}).get("median") for name, title in TITLES.items() if name != OURS}
    error = cell["errors"].get(OURS)
    row |= {"GMAC/s": cell.get("gmacs"), "of peak": cell.get("peak_share")}
    return row | {"error": None if error is None else f"{error:.1e}"}


def _left_out(name: str) -> bool:
    lacking = missing(name)
    if lacking:
        print(f"{TITLES[name]} is left out: {', '.join(lacking)} not installed", file=sys.stderr)
    return bool(lacking)


def _cpu() -> str:
    """The processor's name, as the system or else Python has it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor()} ({target().name}, {os.cpu_count()} cores)"


if __name__ == "__main__":
    sys.exit(main())
