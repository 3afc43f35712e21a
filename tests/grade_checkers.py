"""Checkers that misbehave on a student's word, for what a worker must survive. They are imported in the workers."""

import os
import time
from pathlib import Path

from cnncalc.homework.check import Checker

FORBIDDEN = Path(__file__).parent / "must-not-be-written"
"""A file of which a worker may write nothing."""

_seen = []


class Hostile(Checker):
    """Checks as ever, except for students of these names."""

    def check(self, submission):
        doing = getattr(self, f"do_{submission.student.name}", None)
        if doing:
            doing()
        return super().check(submission)

    def do_exits(self):
        os._exit(3)

    def do_raises(self):
        raise RuntimeError("a bug")

    def do_loops(self):
        while True:
            pass

    def do_sleeps(self):
        time.sleep(3600)

    def do_hangs_in_c(self):
        "a" * 10**6 in "b" * 10**7  # noqa: B015
        pow(3, 10**9)

    def do_allocates(self):
        held = []
        while True:
            held.append(bytearray(2**24))

    def do_writes(self):
        with FORBIDDEN.open("wb") as file:
            file.write(b"x" * 100_000)

    def do_spoils(self):
        """Breaks whoever comes next in this process."""
        _seen.append(1)

    def do_suffers(self):
        if _seen:
            os._exit(4)


def cannot_start(assignment):
    raise ValueError("no such course")
