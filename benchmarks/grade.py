"""`cnncalc grade` on 10,000 submissions of 40 answers: files a second on one and two jobs, and the memory it takes.

The submissions answer a table of LeNet. Of their answers most are right, in several notations; the others show mistakes
of the catalogue, follow from such ones, cannot be read, or are missing. They are drawn with a fixed seed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from timing import CNNCALC, ENVIRONMENT, ROOT, arguments, show

from cnncalc.homework.assignment import Question
from cnncalc.homework.assignment.read import load_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.text import number

FILES = 10_000
QUANTITIES = ("output_shape", "parameters", "macs", "receptive_field", "memory")
LAYERS = ("conv1", "pool1", "conv2", "pool2", "flatten1", "fc1", "fc2", "fc3")
RIGHT, MISTAKEN, FREE, UNREAD = 0.72, 0.16, 0.06, 0.02
"""Shares of the answers: right, a mistake of the catalogue, another number, no number; the rest is blank."""


def assignment_text() -> str:
    """Return an assignment of 40 questions."""
    asked = [f"{layer}.{quantity}" for layer in LAYERS for quantity in QUANTITIES]
    asked = [key for key in asked if not (key.split(".")[0] in LAYERS[4:] and key.endswith("receptive_field"))]
    asked += ["total.parameters", "total.macs", "total.flops", "total.memory"]
    questions = "".join(f"  - {key}\n" for key in asked)
    return f"spec: {ROOT / 'specs' / 'lenet.yaml'}\npartial_credit: {{any: 0.5}}\nquestions:\n{questions}"


def choices(question: Question, checker: Checker, diagnoser: Diagnoser) -> tuple[list[str], list[str]]:
    """Return right answers, in several notations, and those that mistakes give."""
    value = checker.taker.network(question).value(question.asked)
    wrong = [_text(made) for made in diagnoser.distractors(question.asked) if len(made) == len(value)]
    if len(value) > 1 and question.asked.about.kind == "shape":
        sizes = [str(size) for size in value]
        return ["x".join(sizes), "×".join(sizes), f"({', '.join(sizes)})"], wrong or ["1x1x1"]
    plain = int(value[0])
    return [number(plain), str(plain), f"{plain} "], wrong or ["1"]


def _text(value: Sequence[Any]) -> str:
    return "x".join(str(int(one)) if one == int(one) else f"{float(one):.3f}" for one in value)


def write_submissions(folder: Path, assignment: Path, count: int) -> None:
    """Write `count` answer files, the same ones each time."""
    draw = random.Random(20261122)
    read = load_assignment(str(assignment))
    checker = Checker(read)
    diagnoser = Diagnoser(checker.taker.network(read.questions[0]))
    options = [(question.asked.key, *choices(question, checker, diagnoser)) for question in read.questions]
    for at in range(count):
        lines = [f"student: {{id: '{at:07}', name: Student {at}}}", "answers:"]
        for key, right, wrong in options:
            lot = draw.random()
            if lot < RIGHT:
                lines.append(f"  {key}: {draw.choice(right)}")
            elif lot < RIGHT + MISTAKEN:
                lines.append(f"  {key}: {draw.choice(wrong)}")
            elif lot < RIGHT + MISTAKEN + FREE:
                lines.append(f"  {key}: {draw.randrange(10**6)}")
            elif lot < RIGHT + MISTAKEN + FREE + UNREAD:
                lines.append(f"  {key}: no idea")
        (folder / f"student{at:05}_{draw.randrange(10**6)}_hw1.yaml").write_text("\n".join(lines) + "\n")


def grade(folder: Path, assignment: Path, output: Path, jobs: int) -> dict[str, Any]:
    """Grade, sampling the memory of all processes; return what is reported."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [*CNNCALC, "grade", str(folder), "-a", str(assignment), "-o", str(output), "--jobs", str(jobs)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    samples: list[tuple[int, int]] = []
    while child.poll() is None:
        samples.append(memory(child.pid))
        time.sleep(0.05)
    spent = time.perf_counter() - start
    count = sum(1 for _ in folder.iterdir())
    written = sum(1 for _ in (output / "feedback").iterdir())
    if written != 2 * count:
        sys.exit(f"{written} feedback files for {count} submissions")
    half = samples[len(samples) // 2 :] or [(0, 0)]
    return {
        "jobs": jobs,
        "files": count,
        "seconds": spent,
        "files/s": count / spent,
        "parent MiB": max(one for one, _ in samples) / 2**20,
        "worker MiB": max(one for _, one in samples) / 2**20,
        "second half grew MiB": (max(sum(one) for one in half) - sum(half[0])) / 2**20,
    }


def memory(process: int) -> tuple[int, int]:
    """Return the resident bytes of a process, and of the largest of its children (Linux)."""
    try:
        tasks = [*Path(f"/proc/{process}/task").iterdir()]
        children = {child for task in tasks for child in (task / "children").read_text().split()}
        return _resident(process), max((_resident(int(child)) for child in children), default=0)
    except OSError:
        return 0, 0


def _resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print, a number of jobs: seconds, files a second, and the memory of the parent and of a worker."""
    options = arguments(__doc__ or "", rounds=1)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        assignment, folder = root / "hw.yaml", root / "submissions"
        assignment.write_text(assignment_text())
        folder.mkdir()
        write_submissions(folder, assignment, FILES)
        for jobs in (1, 2):
            taken = [grade(folder, assignment, root / f"out{jobs}_{turn}", jobs) for turn in range(options.rounds)]
            rows.append(min(taken, key=lambda row: row["seconds"]))
    show(rows, options.json)


if __name__ == "__main__":
    main()
