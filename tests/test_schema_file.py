"""specs/cnncalc.schema.json, which editors read by the first line of each spec, is what `cnncalc schema` prints."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cnncalc.render.to_json import dumps
from cnncalc.spec.schema import schema

SPECS = Path(__file__).resolve().parents[1] / "specs"
FILE = SPECS / "cnncalc.schema.json"
GALLERY = sorted(path for path in SPECS.rglob("*.yaml") if SPECS / "homework" not in path.parents)


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == dumps(schema()), "run: cnncalc schema > specs/cnncalc.schema.json"


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_every_spec_of_the_gallery_refers_to_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert Path(os.path.normpath(path.parent / found[1])) == FILE
