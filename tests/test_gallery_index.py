"""specs/README.md lists every spec, with the numbers there are now."""

from __future__ import annotations

from gallery_index import GROUPS, INDEX, SPECS, files, index


def test_the_page_is_up_to_date() -> None:
    assert INDEX.read_text(encoding="utf-8") == index(), "run: python tests/gallery_index.py"


def test_every_network_is_in_one_group() -> None:
    listed = [f"{name}.yaml" for names in GROUPS.values() for name in names]
    assert sorted(listed) == files(".")


def test_every_spec_is_linked_once() -> None:
    text = INDEX.read_text(encoding="utf-8")
    specs = [path.relative_to(SPECS).as_posix() for path in SPECS.rglob("*.yaml")]
    ours = [path for path in specs if path.count("/") < 2]  # below homework/*/ lie answers
    assert {path: text.count(f"]({path})") for path in ours} == dict.fromkeys(ours, 1)
