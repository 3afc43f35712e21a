"""Makes the helpers of tests importable (`import shell`), settles the language, has the engine guard its memory."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["LANGUAGE"] = "en"
os.environ["CNNCALC_ENGINE_CHECKED"] = "1"
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def chinese() -> Iterator[None]:
    """Say everything in Chinese while a test runs."""
    from cnncalc.text import use_language

    use_language("zh")
    yield
    use_language("en")
