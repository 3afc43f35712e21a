"""`cnncalc mistakes`: the names that an assignment's partial credit goes by."""

from __future__ import annotations

from shell import cnncalc

from cnncalc.homework.compare import MISREAD
from cnncalc.homework.mistakes import BY_NAME


def test_every_mistake_is_listed_once():
    done = cnncalc("mistakes")
    assert done.code == 0
    names = [line.split()[0] for line in done.out.splitlines()]
    assert sorted(names) == sorted([*BY_NAME, *MISREAD])
    assert "{" not in done.out


def test_json_says_where_each_is_looked_for():
    found = {one["name"]: one for one in cnncalc("mistakes", "--json").json["mistakes"]}
    assert "parameters" in found["bias-forgotten"]["quantities"]
    assert found["padding-once"]["quantities"][0] == "output_shape"
    assert all(one["quantities"] and one["sentence"] for one in found.values())
