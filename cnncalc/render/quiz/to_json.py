"""A quiz as JSON, for other programs. `schema_version` grows when a key changes its meaning or goes."""

from __future__ import annotations

from cnncalc.homework.quiz.item import Distractor, Item, Quiz
from cnncalc.render.quiz.words import feedback
from cnncalc.render.to_json import dumps

SCHEMA_VERSION = 1


def quiz_json(quiz: Quiz) -> bytes:
    """Return the quiz with its answers."""
    return dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "title": quiz.title,
            "student": quiz.student._asdict(),
            "questions": [_question(item) for item in quiz.items],
        }
    ).encode()


def _question(item: Item) -> dict[str, object]:
    return {
        "label": item.label,
        "topic": item.topic,
        "quantity": item.question.asked.key,
        "points": float(item.question.points),
        "partial": float(item.partial),
        "description": list(item.lines),
        "question": item.prompt,
        "kind": "number" if item.is_number else "shape",
        "answer": item.text(item.answer),
        "value": [int(size) for size in item.answer],
        "distractors": [_distractor(item, distractor) for distractor in item.distractors],
    }


def _distractor(item: Item, distractor: Distractor) -> dict[str, object]:
    return {
        "answer": item.text(distractor.value),
        "value": [int(size) for size in distractor.value],
        "mistakes": [[named.name for named in diagnosis.mistakes] for diagnosis in distractor.diagnoses],
        "feedback": feedback(item, distractor),
    }
