"""The report of a class: Markdown and HTML to read, JSON for programs, and the gradebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from html import escape

from cnncalc.homework.assignment import Assignment
from cnncalc.homework.grade.record import Record
from cnncalc.homework.grade.tally import ClassTally, Counted, QuestionTally, folded_id
from cnncalc.render.check_json import plain
from cnncalc.render.class_bars import bars_svg
from cnncalc.render.feedback import STATUSES, escaped
from cnncalc.render.marks import VERDICTS, points_text, question_key
from cnncalc.render.tables import safe_cell
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import clean
from cnncalc.text import number, say, say_count

MOST_LISTED = 200
"""Files that could not be graded, ids and groups that are listed, of each."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #ccc;text-align:left}"
    "td.number{text-align:right}svg{max-width:100%;height:auto}"
)


def gradebook_csv(assignment: Assignment, records: Iterable[Record], same_id: Iterable[str]) -> Iterator[bytes]:
    """Yield the gradebook: a header and a row a file, formula-safe. The names of columns do not change with language.

    `note` says why a file has no points, what in it was not read or is doubtful, and that an id stands in more than one
    file: none of them counts more. A question whose answer could not be read has no points, not 0.
    """
    doubtful = frozenset(same_id)
    keys = [question_key(question) for question in assignment.questions]
    of = points_text(sum(question.points for question in assignment.questions))  # type: ignore[arg-type]
    yield _csv_row(["id", "name", "file", "status", "points", "of", "note", *keys])
    for record in records:
        note = _joined(_notes(record, is_doubtful=bool(record.id) and folded_id(record.id) in doubtful))
        points = points_text(record.points).replace(",", "") if record.is_graded else ""
        marks = [
            "" if result.verdict == "unread" else points_text(result.points).replace(",", "")
            for result in record.results
        ]
        yield _csv_row(
            [record.id, record.name, record.file, record.status, points, of.replace(",", ""), note, *marks]
            + [""] * (len(keys) - len(marks))
        )


def _notes(record: Record, *, is_doubtful: bool) -> Iterator[str]:
    """Yield what a teacher should know of a file."""
    yield from record.problem.splitlines()
    if is_doubtful:
        yield say("this id is in more than one file")
    unread = sum(result.verdict == "unread" for result in record.results)
    if unread:
        yield say_count("{count} answer could not be read", "{count} answers could not be read", unread)
    found = record.found
    if unknown := found.get("W556", 0):
        yield say_count("{count} key was not understood", "{count} keys were not understood", unknown)
    if twice := found.get("W551", 0):
        yield say_count(
            "{count} question is answered twice, and the later answer counts",
            "{count} questions are answered twice, and the later answers count",
            twice,
        )
    if skipped := found.get("W553", 0) + found.get("W554", 0):
        yield say_count("{count} part of the file is not read", "{count} parts of the file are not read", skipped)
    if doubtful := found.get("W552", 0):
        yield say_count("{count} value is not clear", "{count} values are not clear", doubtful)


def _joined(sentences: Iterable[str]) -> str:
    """Return sentences as one line."""
    first, *others = [*sentences] or [""]
    return reduce(lambda before, after: say("{before}; {after}", before=before, after=after), others, first)


def _csv_row(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([safe_cell(clean(cell)) for cell in cells])
    return out.getvalue().encode("utf-8", "backslashreplace")


def class_json(assignment: Assignment, tally: ClassTally) -> dict[str, object]:
    """Return the report for programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "assignment": assignment.name,
        "files": tally.files,
        "graded": tally.graded,
        "of": plain(tally.of),
        "mean": plain(tally.mean),
        "median": plain(tally.median),
        "lowest": plain(tally.lowest),
        "highest": plain(tally.highest),
        "bands": list(tally.bands),
        "questions": [_question_json(one) for one in tally.questions],
        "mistakes": [_counted_json(one) for one in tally.mistakes],
        "failures": [one._asdict() for one in tally.failures],
        "same_id": {id: list(files) for id, files in tally.same_id.items()},
        "alike": [list(files) for files in tally.alike],
    }


def _question_json(one: QuestionTally) -> dict[str, object]:
    return {
        "question": one.question.label or one.question.asked.key,
        "of": plain(one.question.points),
        "mean": plain(one.mean),
        "verdicts": {verdict: one.verdicts.get(verdict, 0) for verdict in VERDICTS},
        "mistakes": [{**_counted_json(mistake), "sentence": mistake.sentence} for mistake in one.mistakes],
        "wrong": [_counted_json(answer) for answer in one.wrong],
    }


def _counted_json(one: Counted) -> dict[str, object]:
    return {"name": one.name, "times": one.times}


Table = tuple[list[str], list[list[str]]]
"""A head, and rows of as many cells; all but the first column are numbers."""


def class_markdown(assignment: Assignment, tally: ClassTally, picture: str) -> str:
    """Return the report to read; `picture` is the file name of the bars."""
    lines = [f"# {escaped(assignment.name)}", "", *map(escaped, _facts(tally)), "", f"![{say('points')}]({picture})"]
    head, rows = _questions(tally)
    lines += ["", _markdown_row(head), _markdown_row([":---", *["---:"] * (len(head) - 1)])]
    lines += [_markdown_row([escaped(cell) for cell in row]) for row in rows]
    for title, items in _sections(tally):
        lines += ["", f"## {escaped(title)}", "", *(f"- {escaped(item)}" for item in items)]
    return "\n".join(lines) + "\n"


def class_html(assignment: Assignment, tally: ClassTally) -> str:
    """Return the report as one page: no script, nothing loaded from elsewhere, every text escaped."""
    head, rows = _questions(tally)
    name = escape(clean(assignment.name))
    table = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr><td>{escape(first)}</td>{''.join(f'<td class=number>{escape(cell)}</td>' for cell in others)}</tr>\n"
        for first, *others in rows
    )
    sections = "".join(
        f"<h2>{escape(title)}</h2>\n<ul>\n{''.join(f'<li>{escape(item)}</li>' + chr(10) for item in items)}</ul>\n"
        for title, items in _sections(tally)
    )
    facts = "".join(f"<p>{escape(fact)}</p>\n" for fact in _facts(tally))
    return (
        f'<!doctype html>\n<html lang="{say("en")}">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{name}</title>\n<style>{_STYLE}</style>\n'
        f"<h1>{name}</h1>\n{facts}{bars_svg(tally)}"
        f"<table>\n<tr>{table}</tr>\n{body}</table>\n{sections}</html>\n"
    )


def summary_lines(tally: ClassTally) -> Iterator[str]:
    """Yield what the terminal shows of a class."""
    yield from _facts(tally)
    for one in tally.failures[:20]:
        status, problem = say(STATUSES[one.status]), clean(_joined(one.problem.splitlines()))
        yield say("  {file}: {status}: {problem}", file=clean(one.file), status=status, problem=problem)
    if len(tally.failures) > 20:
        yield say("  and {count} more", count=number(len(tally.failures) - 20))


def _facts(tally: ClassTally) -> list[str]:
    facts = [
        say_count(
            "{graded} of {count} submission graded",
            "{graded} of {count} submissions graded",
            tally.files,
            graded=number(tally.graded),
        )
    ]
    if tally.graded:
        facts.append(
            say(
                "mean {mean}, median {median}, from {lowest} to {highest}, of {of} points",
                mean=points_text(tally.mean),
                median=points_text(tally.median),
                lowest=points_text(tally.lowest),
                highest=points_text(tally.highest),
                of=points_text(tally.of),
            )
        )
    return facts


def _questions(tally: ClassTally) -> Table:
    head = [say("question"), say("points"), say("mean"), *(say(text) for text in VERDICTS.values())]
    rows = [
        [
            question_key(one.question),
            points_text(one.question.points),
            points_text(one.mean),
            *(number(one.verdicts.get(verdict, 0)) for verdict in VERDICTS),
        ]
        for one in tally.questions
    ]
    return head, rows


def _sections(tally: ClassTally) -> Iterator[tuple[str, list[str]]]:
    """Yield each part of the report that has something to say: a title and its items."""
    parts: Mapping[str, list[str]] = {
        say("Mistakes"): [_times(one.name, one.times) for one in tally.mistakes],
        say("Mistakes by question"): [text for one in tally.questions for text in _mistakes(one)],
        say("Wrong answers by question"): [text for one in tally.questions for text in _wrong(one)],
        say("Not graded"): [
            say("{file}: {status}: {problem}", file=one.file, status=say(STATUSES[one.status]), problem=one.problem)
            for one in tally.failures
        ],
        say("Ids in more than one file; each file has its own row in the gradebook, and none is preferred"): [
            say("{id}: {files}", id=id, files=", ".join(files)) for id, files in tally.same_id.items()
        ],
        say("Answers that are written alike, wrong ones among them"): [", ".join(files) for files in tally.alike],
    }
    for title, items in parts.items():
        shown = [clean(_joined(item.splitlines())) for item in items]
        if len(shown) > MOST_LISTED:
            shown = [*shown[:MOST_LISTED], say("and {count} more", count=number(len(items) - MOST_LISTED))]
        if shown:
            yield title, shown


def _mistakes(one: QuestionTally) -> Iterator[str]:
    key = question_key(one.question)
    for mistake in one.mistakes:
        yield say("{key}: {sentence} ({times})", key=key, sentence=mistake.sentence, times=number(mistake.times))


def _wrong(one: QuestionTally) -> Iterator[str]:
    """Yield the answers that more than one gave."""
    for answer in one.wrong:
        if answer.times > 1:
            key, value = question_key(one.question), answer.name
            yield say("{key}: {value} ({times})", key=key, value=value, times=number(answer.times))


def _times(name: str, count: int) -> str:
    return say("{name}: {times}", name=name, times=number(count))


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
