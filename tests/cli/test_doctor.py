"""`doctor` and `--version`."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from shell import cnncalc
from typer.testing import CliRunner

import cnncalc as package
from cnncalc.cli import doctor
from cnncalc.cli.app import application


def test_the_version():
    assert cnncalc("--version").out == f"cnncalc {package.__version__}\n"


def test_it_names_versions_cache_encoding_and_passes_its_test():
    shown = cnncalc("doctor")
    assert shown.code == 0
    rows = dict(line.split("  ", 1) for line in shown.out.splitlines() if not line.startswith(" "))
    assert rows["cnncalc"].strip() == package.__version__
    assert rows["numba"].strip() == version("numba")
    assert rows["encoding"].strip() == "utf-8"
    assert rows["self-test"].strip().startswith("passed")
    assert "cache" in rows and int(rows["threads"]) >= 1


def test_as_json(tmp_path):
    facts = cnncalc("doctor", "--json", env={"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}).json
    assert facts["schema_version"] == 1 and facts["self_test"]["passed"] is True
    assert facts["packages"]["numpy"] == version("numpy")
    assert facts["stdout_encoding"] == "utf-8"


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_failed_self_test_is_a_finding(monkeypatch, as_json):
    monkeypatch.setattr(doctor, "EXPECTED", [16.5, 1.0])
    done = CliRunner().invoke(application(), ["doctor", *as_json])
    assert done.exit_code == 1
    assert ("failed" in done.stdout) is not bool(as_json) and ('"passed": false' in done.stdout) is bool(as_json)
