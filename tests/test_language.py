"""Every sentence in Chinese too: the catalogue is whole and agrees with the sources, and every command speaks it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from gettext import GNUTranslations
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from string import Formatter

import catalogue
import pytest
from babel.messages.pofile import read_po
from shell import LENET, ROOT, SPECS, cnncalc, environment, in_terminal, unstyled

import cnncalc as package
from cnncalc.cli.app import application
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import create
from cnncalc.render.words import cells
from cnncalc.text import environment_language, language, later, say, say_count, use_language

MARKS = [mark for path in catalogue.sources() for mark in catalogue.marks(path)]
MESSAGES = [message for message in catalogue.read() if message.id]
HAN = re.compile("[\u4e00-\u9fff]")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


# -- the catalogue


def test_it_holds_exactly_the_sentences_of_the_package():
    found = {catalogue.key_of(message) for message in MESSAGES}
    wanted = set(catalogue.sentences())
    assert not wanted - found, "run: python tests/catalogue.py"
    assert not found - wanted, "run: python tests/catalogue.py"
    assert not catalogue.read().obsolete


def test_every_sentence_is_translated():
    assert len(MESSAGES) > 600
    left = [message.id for message in MESSAGES if message.fuzzy or not all(catalogue.texts_of(message))]
    assert not left


def test_the_compiled_catalogue_is_what_the_text_compiles_to():
    written = GNUTranslations(BytesIO(catalogue.mo_bytes(catalogue.read())))
    with catalogue.MO.open("rb") as file:
        compiled = GNUTranslations(file)
    texts = [{key: text for key, text in vars(one)["_catalog"].items() if key} for one in (compiled, written)]
    assert texts[0] == texts[1], "run: python tests/catalogue.py"


def test_writing_the_file_anew_keeps_every_translation():
    anew = BytesIO(catalogue.po_text(catalogue.updated(catalogue.read())).encode())
    kept = {catalogue.key_of(message): catalogue.texts_of(message) for message in read_po(anew) if message.id}
    for message in MESSAGES:
        assert kept.get(catalogue.key_of(message), catalogue.texts_of(message)) == catalogue.texts_of(message)
    assert catalogue.read().header_comment.count("感受野") == 1, "the glossary stands at the top"


def test_a_translation_has_the_placeholders_of_its_sentence():
    wrong = []
    for message in MESSAGES:
        *one, many = catalogue.key_of(message)
        for form in filter(None, catalogue.texts_of(message)):
            # a single thing may stand uncounted in English; Chinese has one form for one and for many
            singular = all(placeholders(many) - placeholders(key) <= {"count"} for key in one)
            if placeholders(form) != placeholders(many) or not singular:
                wrong.append((many, form))
    assert not wrong


def test_a_translation_is_written_as_chinese_is():
    wrong = []
    for message in MESSAGES:
        sentence = catalogue.key_of(message)[0]
        for form in filter(None, catalogue.texts_of(message)):
            if re.search("[\u4e00-\u9fff][;?!]", form) or OTHER_TERMS.search(form):
                wrong.append(form)
            if sentence[0].isspace() != form[0].isspace():
                wrong.append(form)
    assert not wrong


OTHER_TERMS = re.compile("步长|感知野|接受域|接收域|过滤器|参数数量|参数个数|批次|卷集|扩张卷积")
"""What is called by another word here; the glossary stands at the top of the catalogue."""


# -- the sentences in the sources


def test_each_sentence_is_given_its_placeholders():
    """So that none can fail while it is being said."""
    checked = 0
    for mark in MARKS:
        if (
            mark.function not in ("say", "say_count")
            or not mark.key
            or any(kw.arg is None for kw in mark.node.keywords)
        ):
            continue
        given = {keyword.arg for keyword in mark.node.keywords} | ({"count"} if mark.function == "say_count" else set())
        wanted = set().union(*map(placeholders, mark.key))
        assert wanted == given or (mark.function == "say_count" and wanted | {"count"} == given), (mark.path, mark.line)
        for template in mark.key:
            assert template.format(**{str(name): 0 for name in given}) is not None
        checked += 1
    assert checked > 400


def words_glued(node: ast.expr) -> Iterator[str]:
    """Yield the English that an expression would put into a sentence as a value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.search("[A-Za-z]{2,} [a-z]{2,}", node.value) or node.value.strip().isalpha():
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from words_glued(node.body)
        yield from words_glued(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from words_glued(value)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.Constant):
                yield from words_glued(part)
    elif isinstance(node, ast.BinOp):
        yield from words_glued(node.left)
        yield from words_glued(node.right)


def test_no_sentence_is_glued_from_english_words():
    for mark in MARKS:
        whole = mark.node.args[0]
        assert not isinstance(whole, ast.JoinedStr | ast.BinOp | ast.IfExp), (mark.path, mark.line)
        if mark.function in ("say", "say_count"):
            for keyword in mark.node.keywords:
                glued = [] if keyword.arg == "command" else list(words_glued(keyword.value))
                assert not glued, (mark.path, mark.line)


def at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that run when a module is imported: outside functions, or in their defaults and decorators."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def test_nothing_is_said_at_import_but_the_help_of_commands():
    """The command line is imported when the language is settled, everything else may be before."""
    for path in catalogue.sources():
        if "cli" in path.parts:
            continue
        for call in at_import(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(call.func, ast.Name) and call.func.id in ("say", "say_count")), (path, call.lineno)


def test_each_word_of_the_help_is_said():
    for path in (catalogue.PACKAGE / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("help", "metavar", "epilog", "short_help"):
                assert not isinstance(node.value, ast.Constant | ast.JoinedStr), (path, node.value.lineno)


# -- say


def test_say_in_both_languages(chinese):
    assert say("stride: {n}", n=3) == "stride: 3", "what is in no catalogue stays as it is"
    assert say("{type} needs {name}", type="Conv2d", name="kernel_size") == "Conv2d 需要 kernel_size"
    use_language("en")
    assert say("{type} needs {name}", type="Conv2d", name="kernel_size") == "Conv2d needs kernel_size"
    assert later("a {b}") == "a {b}"


def test_things_are_counted(chinese):
    one, many = "{count} layer", "{count} layers"
    assert [say_count(one, many, count) for count in (0, 1, 1234)] == ["0 层", "1 层", "1,234 层"]
    use_language("en")
    assert [say_count(one, many, count) for count in (0, 1, 1234)] == ["0 layers", "1 layer", "1,234 layers"]


def test_a_language_there_is_not():
    with pytest.raises(ValueError, match="there is no language fr; there are en, zh"):
        package.use_language("fr")
    assert language() == "en"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "ZH_cn"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "zha_CN"}, "en"),
        ({"LANG": "\u4e2d\u6587"}, "en"),
        ({"LANG": ":::"}, "en"),
        ({"LANG": "zh_CN", "LC_MESSAGES": "en_US"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "C", "LANGUAGE": "zh"}, "zh"),
        ({"LANG": "zh_CN", "LANGUAGE": ""}, "zh"),
        ({"LANGUAGE": "fr:zh:en"}, "zh"),
        ({"LANGUAGE": "fr:en:zh", "LANG": "zh_CN"}, "en"),
    ],
    ids=str,
)
def test_the_environment_decides(variables, wanted, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert environment_language(variables) == wanted


@pytest.mark.parametrize(("name", "wanted"), [("zh_CN", "zh"), ("Chinese (Simplified)_China", "zh"), (None, "en")])
def test_windows_is_asked_where_no_variable_is_set(name, wanted, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("locale.getlocale", lambda: (name, "cp936"))
    assert environment_language({}) == wanted
    assert environment_language({"LANG": "en_US"}) == "en"


def test_a_worker_process_is_told_the_language():
    with ProcessPoolExecutor(1, get_context("spawn"), use_language, ("zh",)) as pool:
        said = pool.submit(say, "{type} needs {name}", type="Conv2d", name="kernel_size")
        assert said.result(60) == "Conv2d 需要 kernel_size"


def test_english_loads_no_catalogue():
    code = "import sys, cnncalc; cnncalc.analyze(cnncalc.load('specs/lenet.yaml')); print('gettext' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment())
    assert done.stdout == "False\n"


def test_the_library_speaks_it_too(chinese):
    with pytest.raises(package.CnncalcError) as caught:
        package.loads("input: [3, 8, 8]\nlayers: [{type: Conv2d, out_channels: 4, kernel_size: 9}]")
    assert str(caught.value) == (
        "<spec>:2:42: 错误[E310]：conv1：核 9x9 放不进输入 8x8（填充 0）\n"
        "  = 帮助：填充至少为 1，或 kernel_size 至多为 8"
    )


def test_a_formula_in_chinese_leaves_the_bias_out_where_there_is_none(chinese):
    for name in LAYERS:
        layer = layer_type(name)
        for sample in layer.samples():
            made = create(layer, sample.arguments)
            if getattr(made, "bias", True) is False:
                assert "bias" not in made.definition and "bias" in say(layer.formula)


# -- the command line


def chinese_of(*arguments: object, **options: object) -> str:
    done = cnncalc(*arguments, "--lang", "zh", **options)
    return done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "variables", "zh"),
    [
        (["--lang", "zh", "summary", LENET], {}, True),
        (["summary", "--lang", "zh", LENET], {}, True),
        (["summary", LENET, "--lang=zh"], {}, True),
        (["--lang", "en", "summary", LENET, "--lang", "zh"], {}, True),
        (["--lang", "zh", "summary", LENET, "--lang=en"], {}, False),
        (["summary", LENET], {"LANGUAGE": "", "LANG": "zh_CN.UTF-8"}, True),
        (["summary", LENET, "--lang", "en"], {"LANGUAGE": "", "LANG": "zh_CN.UTF-8"}, False),
        (["summary", LENET], {"LANGUAGE": "", "LANG": "klingon"}, False),
        (["summary", LENET], {"LANGUAGE": "zh", "LC_ALL": "C"}, True),
    ],
    ids=lambda value: str(value).replace(LENET, "lenet"),
)
def test_the_language_of_a_command(arguments, variables, zh):
    done = cnncalc(*arguments, env=variables)
    assert done.code == 0 and not done.err
    assert ("参数量 61,706" in done.out) is zh
    assert ("params 61,706" in done.out) is not zh


@pytest.mark.parametrize("value", ["fr", "ZH", "zh_CN", ""])
def test_a_language_that_is_none_is_refused(value):
    done = cnncalc("summary", LENET, f"--lang={value}")
    assert done.code == 2 and not done.out
    assert "--lang" in done.err and "'en', 'zh'" in done.err.replace("\n", "")


COMMANDS = ("", *(str(command.name) for command in application().registered_commands))
WORDS = re.compile(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}")
"""Three English words in a row."""


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_is_chinese(command):
    done = cnncalc(*command.split(), "--help", "--lang", "zh", env={"COLUMNS": "160"})
    narrow = cnncalc(*command.split(), "--help", "--lang", "zh", env={"COLUMNS": "80"})
    assert done.code == 0 and "用法：cnncalc" in done.out and "╭─ 选项 ─" in done.out and "显示帮助后退出。" in done.out
    for line in done.out.splitlines():
        assert not WORDS.search(line.replace("<int range>", "")) or "例：" in line, line
    cut = [line for line in narrow.out.splitlines() if "…" in line and HAN.search(line.replace("默认值", ""))]
    assert not cut, "cut off, where it should be folded"
    assert {cells(line) for line in narrow.out.splitlines() if line.startswith(("│", "╭", "╰"))} == {80}


@pytest.mark.parametrize("command", [name for name in COMMANDS if name])
def test_every_command_takes_the_language(command):
    assert "--lang" in cnncalc(command, "--help").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("sumary", "没有命令 'sumary'。是不是想写 'summary'？"),
        ("xyzzy", "没有命令 'xyzzy'。"),
        ("summary", "缺少参数 '文件'。"),
        ("summary x y", "多余的参数：y"),
        ("summary x --bath 1", "没有选项 --bath（可能是：--batch, --depth）"),
        ("summary x --xyzzy", "没有选项 --xyzzy"),
        ("summary x --batch", "选项 '--batch' 需要一个值。"),
        ("summary x --json=1", "选项 '--json' 不带值。"),
        ("summary x --batch two", "'--batch' 的值无效：'two' 不是整数。"),
        ("summary x --batch 0", "'--batch' 的值无效：0 不在范围 x>=1 内。"),
        ("summary x --dtype q", "'--dtype' 的值无效：'q' 不是下列之一："),
        ("summary x --lang fr", "'--lang' 的值无效：'fr' 不是下列之一：'en', 'zh'。"),
    ],
)
def test_a_wrong_command_line_is_told_in_chinese(arguments, told):
    done = cnncalc("--lang", "zh", *arguments.split(), env={"COLUMNS": "120"})
    assert done.code == 2 and told in done.err and "╭─ 错误 ─" in done.err
    assert not WORDS.search(done.err), "a sentence of Typer's is left in English"


def test_mistakes_in_a_spec():
    layers = "  - {type: Conv2d, filters: 4, kernel_size: 3}\n  - {type: MaxPool2d, kernel_size: 0}\n"
    text = f"input: [3, 8, 8]\nlayers:\n{layers}"
    done = cnncalc("summary", "-", "--lang", "zh", stdin=text)
    assert done.code == 2 and not done.out
    assert "错误[E202]：Conv2d 没有参数 filters" in done.err and "帮助：是不是想写 out_channels？" in done.err
    assert "错误[E204]：kernel_size：至少应为 1，写的是 0" in done.err
    assert "帮助：kernel_size：窗口的大小" in done.err


def test_what_the_system_and_the_yaml_parser_say():
    assert "无法读取 nowhere.yaml：没有这个文件或文件夹" in chinese_of("summary", "nowhere.yaml")
    assert "不是合法的 YAML：缺少 ',' 或 ']'" in chinese_of("summary", "-", stdin="input: [1, 2\nlayers: []\n")


def test_a_proof():
    done = cnncalc("run", LENET, "--dtype", "float64", "--lang", "zh")
    assert done.code == 0
    assert "验证通过：55 项检查全部一致；参数量 61,706，MACs 416,520" in done.out
    assert "= pool2 的第一个单元 0,0 看到输入 0..15 x 0..15" in done.out
    assert not WORDS.search(done.out)


def test_a_derivation():
    done = cnncalc("explain", LENET, "conv2", "--lang", "zh")
    assert "参数量 = C_out (C_in/groups k k + 1) = 16*(6*5*5 + 1) = 2,416   + 1 是偏置" in done.out
    starts = {cells(line[: line.index(" =")]) for line in done.out.splitlines()[2:-2]}
    assert len(starts) == 1, "the equals signs stand below one another"


# -- alignment


def test_a_table_is_aligned_in_cells():
    piped = cnncalc("summary", LENET, "--lang", "zh").out.splitlines()[2:15]
    assert len({cells(line) for line in piped}) == 1 and piped[0].endswith("内存")
    shown = unstyled(in_terminal("summary", LENET, "--lang", "zh", columns=60).out).splitlines()
    assert all(cells(line) <= 60 for line in shown)
    assert len({cells(line) for line in shown[2:15]}) == 1
    assert "宽度不够，未显示：内存" in shown[-1] + shown[-2]


def test_a_notebook_s_table(chinese):
    from cnncalc.analysis.report import analyze
    from cnncalc.render.html import report_html

    shown = report_html(analyze(package.load(LENET)))
    assert "<th>参数量</th>" in shown and "<caption>LeNet-5，输入 1x32x32</caption>" in shown


# -- what programs read stays


def test_programs_read_the_same_in_every_language():
    for form in ("csv", "tsv", "json"):
        arguments = ("summary", LENET, "--format", form)
        assert cnncalc(*arguments, "--lang", "zh").out == cnncalc(*arguments).out
    assert "| 层 |" in cnncalc("summary", LENET, "--format", "markdown", "--lang", "zh").out
    assert "& 参数量 &" in cnncalc("summary", LENET, "--format", "latex", "--lang", "zh").out


def test_words_in_the_json_of_a_run_are_keys():
    zh, en = (cnncalc("run", LENET, "--json", "--lang", name).json for name in ("zh", "en"))
    for proof in (zh, en):
        proof.pop("seconds")
        proof["engine"].pop("seconds")
        for layer in proof["layers"]:
            layer.pop("seconds")
    assert zh == en


def test_an_error_for_programs_has_a_translated_message_and_the_same_code():
    found = cnncalc("summary", "nowhere.yaml", "--json", "--lang", "zh").json["errors"][0]
    assert (found["code"], found["severity"]) == ("E101", "error")
    assert HAN.search(found["message"])


def without_descriptions(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_descriptions(one) for key, one in value.items() if key != "description"}
    return [without_descriptions(one) for one in value] if isinstance(value, list) else value


def test_the_schema_describes_in_chinese():
    zh = json.loads(cnncalc("schema", "--lang", "zh").out)
    en = json.loads((SPECS / "cnncalc.schema.json").read_text(encoding="utf-8"))
    assert without_descriptions(zh) == without_descriptions(en)
    descriptions = re.findall('"description": "(.*?)"', json.dumps(zh, ensure_ascii=False))
    assert len(descriptions) > 100 and all(map(HAN.search, descriptions))


# -- streams that have no Chinese


@pytest.mark.parametrize(
    "arguments",
    [
        ("summary", LENET),
        ("explain", LENET, "conv2"),
        ("--help",),
        ("summary",),
        ("summary", "nowhere.yaml"),
        ("schema",),
    ],
    ids=lambda arguments: arguments[0] + str(len(arguments)),
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_another_encoding_breaks_nothing(arguments, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", *arguments, "--lang", "zh"],
        env=environment({"PYTHONIOENCODING": encoding}),
        cwd=ROOT,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == (
        2 if (len(arguments) == 1 and arguments[0] == "summary") or "nowhere.yaml" in arguments else 0
    )
    assert b"Traceback" not in done.stderr
    text = (done.stdout + done.stderr).decode(encoding)
    assert ("\\u" in text) is (encoding != "gbk") or arguments == ("schema",)


def test_the_catalogue_is_in_the_package():
    installed = Path(package.__file__).parent / "locale" / "zh" / "LC_MESSAGES"
    assert {path.name for path in installed.iterdir()} == {"cnncalc.po", "cnncalc.mo"}
    for path in installed.iterdir():
        assert path.read_bytes() == catalogue.PO.with_name(path.name).read_bytes()
