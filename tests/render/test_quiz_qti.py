"""The QTI package, read as Canvas documents and imports it, and every question answered.

What Canvas takes: a zip with imsmanifest.xml, whose resource of type imsqti_xmlv1p2 names the questions (IMS Content
Packaging 1.1.3, IMS QTI 1.2); of a numerical question, each condition with an `or` or an `and` is a right answer worth
all points (canvas-lms, gems/plugins/qti_exporter/lib/qti/numeric_interaction.rb); feedback belongs to wrong answers
where its ident has `incorrect` in it (assessment_item_converter.rb).
"""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest

from cnncalc.homework.quiz.make import Order, make_quiz
from cnncalc.render.quiz.qti import CHOICES, qti
from cnncalc.render.quiz.words import feedback
from tests.render.quizzes import AWKWARD, every_topic, lines_of, of_spec

QTI = {"q": "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"}
PACKAGE = {"p": "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"}
CANVAS = {"c": "http://canvas.instructure.com/xsd/cccv1p0"}


def unpacked(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def questions(data: bytes) -> ElementTree.Element:
    """Follow the manifest to the questions."""
    files = unpacked(data)
    manifest = ElementTree.fromstring(files["imsmanifest.xml"])
    (resource,) = manifest.findall(".//p:resource[@type='imsqti_xmlv1p2']", PACKAGE)
    return ElementTree.fromstring(files[resource.find("p:file", PACKAGE).get("href")])


def holds(condition: ElementTree.Element, response: str) -> bool:
    """Evaluate a conditionvar: its parts together, `or`, `and`, comparisons, and `other`."""
    tag = condition.tag.rpartition("}")[2]
    if tag in ("conditionvar", "and"):
        return all(holds(part, response) for part in condition)
    if tag == "or":
        return any(holds(part, response) for part in condition)
    if tag == "other":
        return True
    assert condition.get("respident") == "response1"
    compare = {"varequal": lambda a, b: a == b, "vargte": lambda a, b: a >= b, "varlte": lambda a, b: a <= b}[tag]
    return compare(float(response), float(condition.text))


def answered(item: ElementTree.Element, response: str) -> tuple[float, list[str]]:
    """Process a response: conditions in order, until one that matches says continue=No."""
    score, shown = 0.0, []
    for condition in item.findall("q:resprocessing/q:respcondition", QTI):
        if not holds(condition.find("q:conditionvar", QTI), response):
            continue
        setting = condition.find("q:setvar", QTI)
        if setting is not None:
            assert (setting.get("action"), setting.get("varname")) == ("Set", "SCORE")
            score = float(setting.text)
        shown.extend(one.get("linkrefid") for one in condition.findall("q:displayfeedback", QTI))
        if condition.get("continue") == "No":
            break
    return score, [line for ident in shown for line in told(item, ident)]


def told(item: ElementTree.Element, ident: str) -> list[str]:
    (found,) = item.findall(f"q:itemfeedback[@ident='{ident}']", QTI)
    return lines_of(found.findtext(".//q:mattext", namespaces=QTI))


def field(item: ElementTree.Element, label: str) -> str:
    fields = {
        one.findtext("q:fieldlabel", namespaces=QTI): one.findtext("q:fieldentry", namespaces=QTI)
        for one in item.iterfind(".//q:qtimetadatafield", QTI)
    }
    return fields[label]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_question_can_be_answered(level):
    quiz = every_topic(level)
    root = questions(qti(quiz))
    assert root.find("q:assessment", QTI).get("title") == AWKWARD
    found = root.findall("q:assessment/q:section/q:item", QTI)
    for item, question in zip(quiz.items, found, strict=True):
        html = question.findtext("q:presentation/q:material/q:mattext", namespaces=QTI)
        assert lines_of(html) == [*item.lines, item.prompt]
        assert field(question, "points_possible") == "1"
        (check_number if item.is_number else check_choice)(item, question)


def check_number(item, question) -> None:
    assert field(question, "question_type") == "numerical_question"
    assert question.find("q:presentation/q:response_str/q:render_fib", QTI).get("fibtype") == "Decimal"
    assert answered(question, item.text(item.answer)) == (100, [])
    for distractor in item.distractors:
        assert answered(question, item.text(distractor.value)) == (0, feedback(item, distractor))
    if item.distractors:
        score, shown = answered(question, "987654321")
        assert (score, len(shown)) == (0, len(item.distractors))
        everything = " ".join(told(question, "general_incorrect_fb"))
        assert all(line in everything for one in item.distractors for line in feedback(item, one))
    # what Canvas takes for right answers
    conditions = question.findall("q:resprocessing/q:respcondition", QTI)
    right = [one for one in conditions if one.find(".//q:or", QTI) is not None or one.find(".//q:and", QTI) is not None]
    assert [one.findtext(".//q:varequal", namespaces=QTI) for one in right] == [item.text(item.answer)]


def check_choice(item, question) -> None:
    assert field(question, "question_type") == "multiple_choice_question"
    labels = question.findall("q:presentation/q:response_lid/q:render_choice/q:response_label", QTI)
    texts = {label.findtext("q:material/q:mattext", namespaces=QTI): label.get("ident") for label in labels}
    assert field(question, "original_answer_ids").split(",") == list(texts.values())
    assert len(texts) == len(labels) == min(CHOICES, 1 + len(item.distractors))
    assert answered(question, texts[item.text(item.answer)]) == (100, ["Right."])
    wrong = {item.text(one.value): one for one in item.distractors}
    for text, ident in texts.items():
        if text != item.text(item.answer):
            assert answered(question, ident) == (0, feedback(item, wrong[text]))


def test_the_right_choice_stands_anywhere():
    places = set()
    for seed in range(20):
        quiz = make_quiz(Order(("shape",), 1, seed))
        labels = questions(qti(quiz)).iterfind(".//q:response_label", QTI)
        texts = [label.findtext("q:material/q:mattext", namespaces=QTI) for label in labels]
        places.add(texts.index(quiz.items[0].text(quiz.items[0].answer)))
    assert len(places) >= 4


def test_the_manifest_names_every_file():
    files = unpacked(qti(every_topic()))
    manifest = ElementTree.fromstring(files["imsmanifest.xml"])
    assert manifest.findtext("p:metadata/p:schemaversion", namespaces=PACKAGE) == "1.1.3"
    resources = {one.get("identifier"): one for one in manifest.iterfind(".//p:resource", PACKAGE)}
    hrefs = {one.get("href") for one in manifest.iterfind(".//p:file", PACKAGE)}
    assert hrefs | {"imsmanifest.xml"} == set(files)
    (dependency,) = manifest.findall(".//p:dependency", PACKAGE)
    assert dependency.get("identifierref") in resources


def test_canvas_is_told_title_and_points():
    files = unpacked(qti(every_topic()))
    (about,) = (ElementTree.fromstring(data) for name, data in files.items() if name.endswith("assessment_meta.xml"))
    assert about.findtext("c:title", namespaces=CANVAS) == AWKWARD
    assert about.findtext("c:points_possible", namespaces=CANVAS) == "16.0"


def test_names_of_a_given_network_are_escaped():
    quiz = of_spec()
    root = questions(qti(quiz))
    assert "{x} = ~y # z: <b> & \\ %" in root.find("q:assessment", QTI).get("title")


def test_nothing_in_the_package_depends_on_when_or_where_it_was_made():
    data = qti(every_topic())
    assert data == qti(every_topic())
    with ZipFile(BytesIO(data)) as packed:
        for entry in packed.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.compress_type, entry.create_system) == (ZIP_STORED, 3)
