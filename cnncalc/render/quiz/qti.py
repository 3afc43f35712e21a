"""A package in QTI 1.2 as Canvas imports it: a zip with a manifest, the questions, and what Canvas says of a quiz.

Numbers are `numerical_question`, shapes `multiple_choice_question`. Canvas gives all points to every condition of a
numerical question that has an `or` or an `and` (its importer, qti_exporter/lib/qti/numeric_interaction.rb), so the
condition of a wrong number is a lone `varequal`, which Canvas passes over; it tells every wrong number what all the
mistakes are. Of a multiple choice each answer keeps its own feedback. There are no points for a part.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cnncalc.homework.quiz.draw import Draw
from cnncalc.homework.quiz.item import Distractor, Item, Quiz
from cnncalc.render.quiz.words import all_feedback_html, feedback_html, question_html
from cnncalc.render.words import clean
from cnncalc.text import say

_QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
_PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"

CHOICES = 6
"""The most answers to choose from; a longer list is read, not worked out."""


def qti(quiz: Quiz) -> bytes:
    """Return the package, the same bytes for the same quiz."""
    name = f"cnncalc_{sha256(_document(_questions(quiz, ''))).hexdigest()[:16]}"
    files = {
        "imsmanifest.xml": _document(_manifest(name)),
        f"{name}/{name}.xml": _document(_questions(quiz, name)),
        f"{name}/assessment_meta.xml": _document(_about(quiz, name)),
    }
    return _zipped(files)


def _zipped(files: dict[str, bytes]) -> bytes:
    """Pack files without a date, without compression and without traces of the platform."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as packed:
        for path, data in files.items():
            entry = ZipInfo(path)  # dated 1980, which is the earliest a zip can say
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, data)
    return buffer.getvalue()


def _document(root: Element) -> bytes:
    indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"


def _manifest(name: str) -> Element:
    root = Element("manifest", xmlns=_PACKAGE, identifier=f"{name}_manifest")
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = "IMS Content"
    SubElement(metadata, "schemaversion").text = "1.1.3"
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    quiz = SubElement(resources, "resource", identifier=name, type="imsqti_xmlv1p2")
    SubElement(quiz, "file", href=f"{name}/{name}.xml")
    SubElement(quiz, "dependency", identifierref=f"{name}_meta")
    path = f"{name}/assessment_meta.xml"
    kind = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
    meta = SubElement(resources, "resource", identifier=f"{name}_meta", type=kind, href=path)
    SubElement(meta, "file", href=path)
    return root


def _about(quiz: Quiz, name: str) -> Element:
    root = Element("quiz", xmlns=_CANVAS, identifier=name)
    SubElement(root, "title").text = clean(quiz.title)
    SubElement(root, "quiz_type").text = "assignment"
    points = sum(item.question.points for item in quiz.items)
    SubElement(root, "points_possible").text = f"{float(points):.1f}"
    SubElement(root, "shuffle_answers").text = "false"
    return root


def _questions(quiz: Quiz, name: str) -> Element:
    root = Element("questestinterop", xmlns=_QTI)
    assessment = SubElement(root, "assessment", ident=name, title=clean(quiz.title))
    section = SubElement(assessment, "section", ident="root_section")
    for item in quiz.items:
        section.append(_number(item) if item.is_number else _choice(item))
    return root


def _item(item: Item, kind: str, answers: str) -> tuple[Element, Element]:
    """Return an item with its metadata, and its presentation with the question."""
    root = Element("item", ident=item.label, title=item.label)
    fields = SubElement(SubElement(root, "itemmetadata"), "qtimetadata")
    points = f"{float(item.question.points):g}"
    for label, entry in (("question_type", kind), ("points_possible", points), ("original_answer_ids", answers)):
        field = SubElement(fields, "qtimetadatafield")
        SubElement(field, "fieldlabel").text = label
        SubElement(field, "fieldentry").text = entry
    presentation = SubElement(root, "presentation")
    _material(presentation, question_html(item))
    return root, presentation


def _material(parent: Element, html: str) -> None:
    SubElement(SubElement(parent, "material"), "mattext", texttype="text/html").text = html


def _processing(root: Element) -> Element:
    processing = SubElement(root, "resprocessing")
    outcomes = SubElement(processing, "outcomes")
    SubElement(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    return processing


def _number(item: Item) -> Element:
    root, presentation = _item(item, "numerical_question", "")
    response = SubElement(presentation, "response_str", ident="response1", rcardinality="Single")
    SubElement(SubElement(response, "render_fib", fibtype="Decimal"), "response_label", ident="answer1")
    processing = _processing(root)
    right = item.text(item.answer)
    either = SubElement(_condition(processing, "No", score=True), "or")
    _compare(either, "varequal", right)
    both = SubElement(either, "and")
    _compare(both, "vargte", right)
    _compare(both, "varlte", right)
    told: list[tuple[str, str]] = []
    for at, distractor in enumerate(item.distractors, 1):
        ident = f"mistake{at}_fb"
        _compare(_condition(processing, "No", shows=ident), "varequal", item.text(distractor.value))
        told.append((ident, feedback_html(item, distractor)))
    if told:
        SubElement(_condition(processing, "Yes", shows="general_incorrect_fb"), "other")
        told.append(("general_incorrect_fb", all_feedback_html(item)))
    for ident, html in told:
        _feedback(root, ident, html)
    return root


def _choice(item: Item) -> Element:
    choices = _choices(item)
    idents = [str(1000 + at) for at in range(len(choices))]
    root, presentation = _item(item, "multiple_choice_question", ",".join(idents))
    response = SubElement(presentation, "response_lid", ident="response1", rcardinality="Single")
    render = SubElement(response, "render_choice")
    processing = _processing(root)
    for ident, (text, distractor) in zip(idents, choices, strict=True):
        _material(SubElement(render, "response_label", ident=ident), text)
        html = feedback_html(item, distractor) if distractor else say("Right.")
        _compare(_condition(processing, "Yes", shows=f"{ident}_fb"), "varequal", ident)
        _feedback(root, f"{ident}_fb", html)
    right = next(ident for ident, (_, distractor) in zip(idents, choices, strict=True) if distractor is None)
    _compare(_condition(processing, "No", score=True), "varequal", right)
    return root


def _choices(item: Item) -> list[tuple[str, Distractor | None]]:
    """Return the right answer among wrong ones, in an order that tells nothing."""
    wrong = [(item.text(distractor.value), distractor) for distractor in item.distractors[: CHOICES - 1]]
    order = Draw("choices", item.label, *item.lines)
    return order.shuffled([(item.text(item.answer), None), *wrong])


def _condition(processing: Element, goes_on: str, *, score: bool = False, shows: str = "") -> Element:
    """Add a condition, what it does, and return the element for what it holds."""
    condition = SubElement(processing, "respcondition", {"continue": goes_on})
    variable = SubElement(condition, "conditionvar")
    if score:
        SubElement(condition, "setvar", action="Set", varname="SCORE").text = "100"
    if shows:
        SubElement(condition, "displayfeedback", feedbacktype="Response", linkrefid=shows)
    return variable


def _compare(parent: Element, how: str, text: str) -> None:
    SubElement(parent, how, respident="response1").text = text


def _feedback(root: Element, ident: str, html: str) -> None:
    _material(SubElement(SubElement(root, "itemfeedback", ident=ident), "flow_mat"), html)
