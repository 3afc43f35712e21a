"""Which files of a folder or an archive are read, and which are refused by name."""

from __future__ import annotations

import os
import socket
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.grade.file import Refusal
from cnncalc.homework.grade.files import submissions
from cnncalc.homework.grade.names import LONGEST, safe_names

ANSWERS = b"answers: {conv1.parameters: 156}\n"


def read_all(path: Path, *leave: Path) -> dict[str, bytes | str]:
    """Return what each file reads as; of those refused, the status."""
    found: dict[str, bytes | str] = {}
    for file in submissions(path, leave):
        try:
            found[file.name] = file.read()
        except Refusal as refusal:
            assert refusal.problem
            found[file.name] = refusal.status
    return found


def test_files_of_all_folders_are_read_by_name(tmp_path):
    for name in ("b.yaml", "a.yaml", "z/deep/er.json", "Müller_123_赵.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    assert read_all(tmp_path) == {
        name: name.encode() for name in ("Müller_123_赵.md", "a.yaml", "b.yaml", "z/deep/er.json")
    }
    assert [file.name for file in submissions(tmp_path)] == sorted(read_all(tmp_path))


def test_hidden_files_and_what_systems_leave_are_no_submissions(tmp_path):
    for name in (".DS_Store", ".git/config", "__MACOSX/._a.yaml", "Thumbs.db", "desktop.ini", "~$a.docx", "a.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(ANSWERS)
    assert read_all(tmp_path) == {"a.yaml": ANSWERS}


def test_what_is_no_regular_file_under_one_name_is_refused(tmp_path):
    secret = tmp_path / "key.yaml"
    secret.write_text("the key")
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "good.yaml").write_bytes(ANSWERS)
    (folder / "link.yaml").symlink_to(secret)
    (folder / "dangling.yaml").symlink_to(tmp_path / "nothing")
    (folder / "up").symlink_to(tmp_path)
    os.link(secret, folder / "hard.yaml")
    os.mkfifo(folder / "fifo.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.yaml"))
        found = read_all(folder)
    assert found.pop("good.yaml") == ANSWERS
    assert found == dict.fromkeys(
        ("link.yaml", "dangling.yaml", "up", "hard.yaml", "fifo.yaml", "socket.yaml"), "refused"
    )


def test_a_file_that_becomes_a_link_after_the_look_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(ANSWERS)
    (file,) = submissions(tmp_path)
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "a.yaml").symlink_to("/etc/passwd")
    with pytest.raises(Refusal):
        file.read()


def test_a_file_over_1_mib_is_too_large_and_one_of_1_mib_is_not(tmp_path):
    (tmp_path / "large.yaml").write_bytes(b"#" * (2**20 + 1))
    (tmp_path / "just.yaml").write_bytes(b"#" * 2**20)
    found = read_all(tmp_path)
    assert found["large.yaml"] == "too large"
    assert len(found["just.yaml"]) == 2**20


def test_a_folder_deeper_than_any_is_refused_and_the_rest_read(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (tmp_path / "a.yaml").write_bytes(ANSWERS)
    found = read_all(tmp_path)
    assert found.pop("a.yaml") == ANSWERS
    assert list(found.values()) == ["refused"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(ANSWERS)
    (tmp_path / "a.yaml").chmod(0)
    assert read_all(tmp_path) == {"a.yaml": "refused"}


def test_the_output_folder_and_the_assignment_are_no_submissions(tmp_path):
    for name in ("a.yaml", "hw.yaml", "out/feedback/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(ANSWERS)
    assert read_all(tmp_path, tmp_path / "out", tmp_path / "hw.yaml", tmp_path / "missing") == {"a.yaml": ANSWERS}


def test_a_folder_of_results_is_skipped_and_never_graded(tmp_path):
    for name in ("a.yaml", "old/.cnncalc-grade", "old/gradebook.csv", "old/feedback/a.md", "older/b.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(ANSWERS)
    assert set(read_all(tmp_path)) == {"a.yaml", "older/b.yaml"}
    for folder, leave in ((tmp_path / "old", ()), (tmp_path, (tmp_path,))):
        with pytest.raises(CnncalcError, match="E577"):
            submissions(folder, leave)


def test_a_folder_of_results_in_an_archive_is_skipped(tmp_path):
    names = ("a.yaml", "old/.cnncalc-grade", "old/gradebook.csv", "old/feedback/a.md", "older/b.yaml")
    assert set(read_all(archive(tmp_path / "hw.zip", **dict.fromkeys(names, ANSWERS)))) == {"a.yaml", "older/b.yaml"}


def test_one_file_may_be_graded_alone(tmp_path):
    (tmp_path / "a.yaml").write_bytes(ANSWERS)
    assert read_all(tmp_path / "a.yaml") == {"a.yaml": ANSWERS}


@pytest.mark.parametrize("name", ["missing", "empty", "x\0y"])
def test_nothing_to_grade_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CnncalcError, match="E570"):
        submissions(tmp_path / name)


# Archives.


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_members_of_an_archive_are_read_without_unpacking(tmp_path):
    path = tmp_path / "hw.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.mkdir("class") if hasattr(file, "mkdir") else None
        for name in ("class/b.yaml", "class/a.yaml", "__MACOSX/class/._a.yaml", "class/.DS_Store"):
            file.writestr(name, ANSWERS)
        file.writestr(zipfile.ZipInfo("stored.yaml"), ANSWERS)
    assert read_all(path) == dict.fromkeys(("class/a.yaml", "class/b.yaml", "stored.yaml"), ANSWERS)
    assert [one.name for one in tmp_path.iterdir()] == ["hw.zip"]


@pytest.mark.parametrize(
    "name", ["../evil.yaml", "/etc/evil.yaml", "a/../../evil.yaml", "C:\\evil.yaml", "a\\..\\evil.yaml"]
)
def test_a_member_whose_name_leads_out_is_refused(tmp_path, name):
    path = archive(tmp_path / "hw.zip", **{"good.yaml": ANSWERS, name: ANSWERS})
    found = read_all(path)
    assert found.pop("good.yaml") == ANSWERS
    assert list(found.values()) == ["refused"]


def test_a_member_that_is_a_link_is_refused(tmp_path):
    path = tmp_path / "hw.zip"
    link = zipfile.ZipInfo("link.yaml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(link, "/etc/passwd")
    assert read_all(path) == {"link.yaml": "refused"}


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(tmp_path):
    path = archive(
        tmp_path / "hw.zip", **{"ratio.yaml": b"0" * 2**20, "size.yaml": b"0" * 2**24, "small.yaml": b"0" * 60_000}
    )
    found = read_all(path)
    assert found.pop("small.yaml") == b"0" * 60_000
    assert found == {"ratio.yaml": "refused", "size.yaml": "too large"}


def test_a_size_that_lies_does_not_make_it_read_on(tmp_path):
    """The table of contents says 100 bytes; 16 MiB would come out."""
    path = archive(tmp_path / "hw.zip", **{"a.yaml": b"0" * 2**24})
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 100)
    path.write_bytes(data)
    assert read_all(path) in ({"a.yaml": "unreadable"}, {"a.yaml": b"0" * 100})


def test_an_encrypted_member_is_said_to_be_so(tmp_path):
    path = archive(tmp_path / "hw.zip", **{"a.yaml": ANSWERS})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    (file,) = submissions(path)
    with pytest.raises(Refusal, match="encrypted"):
        file.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_method_whose_memory_the_archive_chooses_is_refused(tmp_path, method):
    path = tmp_path / "hw.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("a.yaml", ANSWERS)
    assert read_all(path) == {"a.yaml": "refused"}


def test_a_name_that_is_there_twice_is_read_once_and_refused_once(tmp_path):
    path = tmp_path / "hw.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as file:
        warnings.simplefilter("ignore")
        file.writestr("a.yaml", b"first")
        file.writestr("a.yaml", b"second")
    assert read_all(path) == {"a.yaml": b"first", "a.yaml#2": "refused"}


def test_a_damaged_member_is_unreadable_and_the_others_are_read(tmp_path):
    path = archive(tmp_path / "hw.zip", **{"a.yaml": os.urandom(1000), "b.yaml": ANSWERS})
    data = bytearray(path.read_bytes())
    at = data.index(b"a.yaml") + 200
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    assert read_all(path) == {"a.yaml": "unreadable", "b.yaml": ANSWERS}


@pytest.mark.parametrize(
    "data", [b"", b"PK\x05\x06", b"not an archive", os.urandom(2000)], ids=["empty", "torn", "text", "noise"]
)
def test_no_archive_is_an_error(tmp_path, data):
    (tmp_path / "hw.zip").write_bytes(data)
    with pytest.raises(CnncalcError, match="E571"):
        submissions(tmp_path / "hw.zip")


# Names of what is written.


def test_names_are_safe_unique_and_the_same_each_time():
    files = [
        "alice.yaml",
        "alice.json",
        "Alice.md",
        "b/c.yaml",
        "b_c.csv",
        "../../etc/passwd",
        "=cmd|'x'!A0.csv",
        "con.yaml",
        "..",
        "赵_1.yaml",
    ]
    names = safe_names(files)
    assert names == {
        "Alice.md": "Alice",
        "alice.json": "alice-2",
        "alice.yaml": "alice-3",
        "b/c.yaml": "b_c",
        "b_c.csv": "b_c-2",
        "../../etc/passwd": "etc_passwd",
        "=cmd|'x'!A0.csv": "cmd__x__A0",
        "con.yaml": "_con",
        "..": "submission",
        "赵_1.yaml": "赵_1",
    }
    assert safe_names(reversed(files)) == names


def test_a_long_or_undecodable_name_fits_every_file_system(tmp_path):
    names = safe_names(["赵" * 300 + "a.yaml", "赵" * 300 + "b.yaml", "x\udcff\udcfe.yaml", "a\u202eb\x1b[2J.yaml"])
    assert len(set(names.values())) == 4
    for name in names.values():
        assert len(name.encode()) <= LONGEST
        (tmp_path / name).touch()
        assert name.isprintable()
