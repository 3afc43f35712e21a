"""Makes the helpers of the tests importable (`import shell`), and settles the language that commands speak in them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["LANGUAGE"] = "en"
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def chinese() -> Iterator[None]:
    """Say everything in Chinese while a test runs."""
    from cnncalc.text import use_language

    use_language("zh")
    yield
    use_language("en")
