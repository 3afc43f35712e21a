"""A file that a student handed in: YAML, JSON, a Markdown table or CSV, told apart by what stands in it."""

from __future__ import annotations

import re
from pathlib import PurePath

from cnncalc.diagnostics import Span
from cnncalc.homework.submission.collected import Answer, Collector, Student, Submission
from cnncalc.homework.submission.mappings import read_mapping
from cnncalc.homework.submission.sheets import delimiter_of, is_rule, read_csv, read_markdown
from cnncalc.spec.files import read_text
from cnncalc.text import say

__all__ = ["Answer", "Student", "Submission", "load_submission", "read_submission"]


def load_submission(path: str) -> Submission:
    """Read a file of answers, or standard input for `-`.

    Raises CnncalcError for what is no regular file of at most 1 MiB in UTF-8, and as `read_submission` does.
    """
    return read_submission(read_text(path), "<stdin>" if path == "-" else path)


def read_submission(text: str, source: str) -> Submission:
    """Read answers from text; `source` names it, and its suffix hints at the format.

    Raises CnncalcError where nothing can be read: E551 no answers, E552 too many, E553 no usable table, or what the
    YAML reader refuses (E1xx).
    """
    text = text.removeprefix("\ufeff")
    collector = Collector(text, source)
    if not text.strip():
        raise collector.error("E551", say("the file is empty"), Span(source, 1, 1, 1, 1), say("write answers: first"))
    {"markdown": read_markdown, "csv": read_csv, "yaml": read_mapping}[_format(collector)](collector)
    return collector.finish()


_SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "yaml", ".csv": "csv", ".tsv": "csv", ".md": "markdown"}


def _format(collector: Collector) -> str:
    """Tell the format by the suffix, and where that says nothing, by the first lines."""
    known = _SUFFIXES.get(PurePath(collector.source).suffix.lower())
    if known:
        return known
    before = ""
    for _, line in collector.lines:
        if is_rule(line) and "|" in before:
            return "markdown"
        before = line
    header = next((line for _, line in collector.lines if line.strip() and not line.startswith("#")), "")
    looks_like_yaml = header.lstrip()[:1] in tuple("{[-\"'") or re.search(r":\s", f"{header}\n")
    return "yaml" if looks_like_yaml or not delimiter_of(header) else "csv"
