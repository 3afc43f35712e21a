"""An Assignment -> the text of an assignment file that reads back to the same questions and terms."""

from __future__ import annotations

from cnncalc.homework.assignment import Assignment, Counting, Question
from cnncalc.homework.assignment.terms import Terms
from cnncalc.spec.flow import block, flow
from cnncalc.spec.write import network_spec


def write_assignment(assignment: Assignment) -> str:
    """Return the YAML of an assignment, its networks in it, so that it depends on no other file.

    Raises CnncalcError (E529) for a network that no spec gives (see `network_spec`).
    """
    lines = [f"assignment: {flow(assignment.name)}", "network:"]
    lines += block(network_spec(assignment.graph), indent="  ")
    standard = Counting()
    for key, value in assignment.counting._asdict().items():
        if value != getattr(standard, key):
            lines.append(f"{key}: {flow(value)}")
    if assignment.seed:
        lines.append(f"seed: {assignment.seed}")
    if not assignment.reveal:
        lines.append("reveal: false")
    lines.append("questions:")
    lines += [f"  - {flow(_question(question))}" for question in assignment.questions]
    return "\n".join(lines) + "\n"


def _question(question: Question) -> dict[str, object]:
    """Return what is to be written of a question: what is not as it would be read without it."""
    standard = Terms()
    written: dict[str, tuple[object, object]] = {
        "label": (question.label, ""),
        "quantity": (question.asked.key, None),
        "points": (str(question.points), str(standard.points)),
        "partial_credit": ({name: str(share) for name, share in question.partial.items()}, {}),
        "follow_through": (question.follow_through, standard.follow_through),
        "accept": ([*question.accept], []),
        "decimals": (question.decimals, standard.decimals),
        "such_that": ({condition.asked.key: condition.text for condition in question.such_that}, {}),
        "wording": (question.wording, ""),
    }
    found = {key: value for key, (value, otherwise) in written.items() if value != otherwise}
    return found if question.graph is None else {**found, "network": network_spec(question.graph)}
