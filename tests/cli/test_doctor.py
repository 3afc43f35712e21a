"""`doctor` and `--version`."""

from __future__ import annotations

import json
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
    assert rows["reference only"].strip() == "none"
    assert "cache" in rows and int(rows["threads"]) >= 1
    assert rows["instructions"].strip() in ("AVX-512", "AVX2", "NEON", "plain")
    assert "compiled" in rows["kernels"]


def test_as_json(tmp_path):
    facts = cnncalc("doctor", "--json", env={"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}).json
    assert facts["schema_version"] == 1 and facts["self_test"]["passed"] is True
    assert facts["packages"]["numpy"] == version("numpy")
    assert facts["without_fast_kernel"] == []
    assert facts["stdout_encoding"] == "utf-8"
    assert facts["kernels"]["ready"] < facts["kernels"]["count"] and facts["kernels"]["compiled_now"] == 0


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_failed_self_test_is_a_finding(monkeypatch, as_json):
    monkeypatch.setattr(doctor, "EXPECTED", [16.5, 1.0])
    done = CliRunner().invoke(application(), ["doctor", *as_json])
    assert done.exit_code == 1
    assert ("failed" in done.stdout) is not bool(as_json) and ('"passed": false' in done.stdout) is bool(as_json)


@pytest.fixture
def two_kernels(monkeypatch, tmp_path):
    """Two kernels that are not compiled yet, and an empty cache."""
    from cnncalc.engine import cache, native, warm
    from cnncalc.engine.kernels.margins import zero_margins
    from cnncalc.engine.schedule import begin

    kernels = [native.Native(kernel.function, kernel.row) for kernel in (begin, zero_margins)]
    monkeypatch.setattr(warm, "all_kernels", lambda: kernels)
    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(tmp_path, "here", True)])
    return tmp_path


def test_warm_compiles_what_is_not_kept(two_kernels):
    def told(*options):
        return json.loads(CliRunner().invoke(application(), ["doctor", "--json", *options]).stdout)["kernels"]

    assert told() == {"count": 2, "ready": 0, "compiled_now": 0}
    assert told("--warm") == {"count": 2, "ready": 2, "compiled_now": 2}
    assert told("--warm") == {"count": 2, "ready": 2, "compiled_now": 0}
    assert sorted(path.name.partition("-")[0] for path in two_kernels.iterdir() if "arg" in path.name) == [
        "margins.zero_margins"
    ]


def test_warm_compiles_nothing_that_cannot_be_kept(two_kernels, monkeypatch):
    from cnncalc.engine import cache

    monkeypatch.setattr(cache, "_chosen", [cache.CacheState(None, "nowhere", False)])
    done = CliRunner().invoke(application(), ["doctor", "--warm"])
    assert "0 of 2 compiled" in done.stdout and "nowhere" in done.stdout
