"""The words of a sentence on a layer -> what it says: numbers and words by name, each with its place."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.text import say

MAX_LENGTH = 500

_ENGLISH = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_CHINESE = "一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五 十六 十七 十八 十九 二十"
NUMBERS = {
    **{word: at for words in (_ENGLISH, _CHINESE) for at, word in enumerate(words.split(), 1)},
    "两": 2,
}
"""Numbers that are written as words."""


class Phrase(NamedTuple):
    """What is said, and where: `start` and `end` count characters of the sentence from 0."""

    value: tuple[int, ...] | str | bool
    start: int
    end: int


Found = dict[str, Phrase]

_WORDS = "|".join(sorted(NUMBERS, key=len, reverse=True))
_N = rf"(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d{{1,9}}(?!\d|,\d{{3}}(?!\d))|{_WORDS})"
_BY = r"\s*(?:x|\*|by(?=\W))\s*"
_SIZES = rf"(?:{_N}(?:{_BY}{_N}){{1,3}}|[(\[]\s*\d{{1,9}}(?:\s*,\s*\d{{1,9}}){{1,3}}\s*[)\]])"
_IS = r"(?:\s*(?:of|is|size|shape|length|equal to|大小|尺寸|形状|长度|率|为|是|:|=)(?![a-z]))*\s*"
_PICTURE = r"(?:inputs?|images?|pictures?|volumes?|feature maps?|输入|图像|图片|特征图|图)"
_FILTER = r"(?:(?:conv(?:olution(?:al)?)?\s+)?(?:filter|kernel)s?|convolutions?|卷积核|滤波器|卷积)"
_POOL = r"(?:[\s\-]*pool(?:ing|s)?|池化|汇聚)(?:\s*layer|层)?"

_SIZED = rf"(?:(?:\s*(?:of|each|with))*{_IS}(?P<kernel>{_SIZES}|{_N}))"
_SLIDES = rf"(?:{_FILTER}|max|av|global|pool|depthwise|window|最大|平均|窗口|深度|池|汇)"
_SAME = "same_upper|same_lower|same|valid"

_PHRASES: tuple[tuple[str, str], ...] = (
    ("order=last", r"[(\[]?\s*(?:channels?[\s\-]last|n?hwc|通道在后)\s*[)\]]?"),
    ("order=first", r"[(\[]?\s*(?:channels?[\s\-]first|n?chw|通道在前)\s*[)\]]?"),
    ("input", rf"{_PICTURE}(?:\s*{_PICTURE})*{_IS}(?P<v>{_SIZES})(?!\s*{_FILTER})"),
    ("input", rf"(?P<v>{_SIZES})(?=\s*(?:rgb|colou?r|gr[ae]y(?:scale)?|彩色|灰度)?\s*的?\s*{_PICTURE})"),
    ("input", rf"(?:input|输入){_IS}(?P<v>{_N})(?=\s*(?:$|[,;]))"),
    ("input", rf"(?P<v>{_N})\s*(?:features|inputs|个?特征)"),
    ("length", rf"(?P<v>{_N})\s*(?:samples?|time\s?steps?|steps|个?采样点|个?样本)"),
    ("length", rf"(?:length|长度){_IS}(?P<v>{_N})"),
    ("filters", rf"(?P<v>{_N})\s*个?\s*(?P<kernel>{_SIZES})\s*的?\s*{_FILTER}"),
    ("filters", rf"(?P<v>{_N})\s*个?\s*(?:(?P<axes>[123])\s*-?\s*d\s+)?{_FILTER}{_SIZED}?"),
    ("filters", rf"(?P<v>{_N})\s*个?(?=\s*(?:pointwise|逐点))"),
    ("filters", rf"(?P<v>{_N})\s*个?\s*(?:output channels?|输出通道)"),
    ("kernel", rf"(?P<v>{_SIZES})(?=\s*的?\s*{_SLIDES})"),
    ("kernel", rf"(?:{_FILTER}|window|窗口){_IS}(?P<v>{_SIZES}|{_N})"),
    ("kernel=1", r"pointwise|逐点"),
    ("stride", rf"(?:strides?|步幅|步长){_IS}(?P<v>{_SIZES}|{_N})"),
    ("padding=0", r"(?:no|without)\s+(?:zero[\s\-]+)?padding|无填充|不填充|没有填充"),
    ("padding", rf"(?:zero[\s\-]*)?(?:padded(?:\s+(?:by|with))?|pad(?:ding)?|填充){_IS}(?P<v>{_SIZES}|{_N}|{_SAME})"),
    ("padding", r"(?P<v>same|valid)[\s\-]+(?:zero[\s\-]+)?(?:padding|convolution)"),
    ("dilation", rf"(?:dilation(?:\s+rate)?|dilated(?:\s+by)?|膨胀|空洞){_IS}(?P<v>{_SIZES}|{_N})"),
    ("groups", rf"(?:groups|分组数?|组数){_IS}(?P<v>{_N})"),
    ("groups", rf"(?P<v>{_N})\s*个?\s*(?:groups|组)"),
    ("depthwise=yes", r"depth[\s\-]?wise|逐通道|深度(?=卷积)"),
    ("bias=no", r"(?:no|without)\s+(?:a\s+)?bias(?:es)?|bias(?:es)?\s*[:=]?\s*(?:false|no)"),
    ("bias=no", r"(?:无|不带|不含|不用|没有)偏置"),
    ("bias=yes", r"(?:with\s+)?(?:a\s+)?bias(?:es)?(?:\s*[:=]?\s*true)?|[带含有]偏置"),
    ("channels", rf"(?P<v>{_N})\s*个?\s*(?:input\s+)?(?:channels?|输入通道|通道)"),
    ("channels=3", r"rgb|colou?r|彩色"),
    ("channels=1", r"gr[ae]y(?:scale)?|灰度"),
    ("kind=global average", rf"(?:global\s+(?:average|avg|mean)|全局平均){_POOL}"),
    ("kind=global max", rf"(?:global\s+max(?:imum)?|全局最大){_POOL}"),
    ("kind=max", rf"(?:max(?:imum)?|最大){_POOL}"),
    ("kind=average", rf"(?:average|avg|mean|平均){_POOL}"),
    ("kind=linear", r"(?:fully[\s\-]*connected|dense|linear|全连接)(?:\s+hidden)?(?:\s*layer|层)?"),
    ("kind=norm", r"(?:batch\s*-?norm(?:ali[sz]ation)?|批量?归一化|批量规范化)(?:\s*layer|层)?"),
    ("axes", r"(?P<v>[123一二三])\s*-?\s*(?:d|dimensional|维)(?=\W|卷|$)"),
    ("axes", r"conv(?P<v>[123])d"),
    ("units", rf"(?P<v>{_N})\s*个?\s*(?:(?:hidden|output)\s+|输出)?(?:units?|neurone?s?|outputs?|nodes?|单元|神经元)"),
    ("ceil=yes", r"ceil(?:\s*mode)?|rounded up|向上取整"),
    ("kind=conv", r"conv(?:olution(?:al)?)?(?:\s*layer|\s*filters?)?|卷积层?"),
)
"""What can be said: a name (`name=word` where the words say it all) and how it is said; the first that fits counts."""

_FILLER = (
    r"[\s,;.。、:=()的个]+|and|with|a|an|the|of|on|in|to|by|each|layers?|using|uses?|pixels?|px|applied|apply|followed|"
    rf"{_PICTURE}|{_FILTER}|sized?|has|have|is|are|window|hidden|隐藏|一个|层|和|用|使用|大小|像素"
)


def _compiled(pattern: str) -> re.Pattern[str]:
    """A phrase that ends with a letter or digit ends a word."""
    return re.compile(rf"(?:{pattern})(?:(?<![a-z0-9])|(?![a-z0-9]))")


_READ = tuple((name, _compiled(pattern)) for name, pattern in _PHRASES)
_SKIP = _compiled(_FILLER)
_BARE = _compiled(rf"(?P<v>{_SIZES})")


def read_words(sentence: str, source: str) -> Found:
    """Return what a sentence says, by name. Raises CnncalcError (E528) at what cannot be read or is said twice."""
    if len(sentence) > MAX_LENGTH:
        message = say("a sentence on a layer has at most {limit} characters", limit=MAX_LENGTH)
        raise CnncalcError([Diagnostic("E528", message, help=say("write the network as a spec"))])
    text = "".join(map(_plain, sentence))
    found: Found = {}
    at = 0
    while at < len(text):
        at = _next(text, at, found, sentence, source)
    return found


def _next(text: str, at: int, found: Found, sentence: str, source: str) -> int:
    """Read or skip one phrase; return where the next starts. Sizes alone are the input's, then the window's."""
    for name, pattern in _READ:
        match = pattern.match(text, at)
        if match:
            _take(found, name, match, sentence, source)
            return match.end()
    match = _BARE.match(text, at)
    if match:
        _take(found, "kernel" if "input" in found or "length" in found else "input", match, sentence, source)
        return match.end()
    match = _SKIP.match(text, at)
    if match:
        return match.end()
    raise _unread(sentence, text, at, source)


def _take(found: Found, named: str, match: re.Match[str], sentence: str, source: str) -> None:
    """Note what a phrase says; a window may stand in it too (`10 filters of 5x5`)."""
    name, _, word = named.partition("=")
    groups = match.groupdict()
    values: dict[str, tuple[int, ...] | str | bool] = {name: _value(word or groups["v"])}
    values.update({other: _value(groups[other]) for other in ("kernel", "axes") if groups.get(other)})
    for own, value in values.items():
        start, end = match.span(own) if own != name else match.span()
        if own in found and found[own].value != value:
            message = say("{text} contradicts what stands before it", text=sentence[start:end])
            raise _error(message, Span(source, 1, start + 1, 1, end + 1), say("say it once"), sentence)
        found[own] = Phrase(value, start, end)


def _value(text: str) -> tuple[int, ...] | str | bool:
    if text in ("yes", "no"):
        return text == "yes"
    in_brackets = text[0] in "(["  # where a comma is no thousands separator
    parts: list[str] = re.findall(r"[^\s,()\[\]]+" if in_brackets else _N, text)
    return tuple(NUMBERS.get(part) or int(part.replace(",", "")) for part in parts) or text


def _plain(character: str) -> str:
    """Return a character in its plain form, one for one, so that places stay where they are."""
    if character in "×✕":
        return "x"
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character


def _unread(sentence: str, text: str, at: int, source: str) -> CnncalcError:
    end = next((place for place in range(at, len(text)) if text[place] in ",;。"), len(text))
    message = say("this cannot be read: {text}", text=sentence[at:end].strip())
    help = say("write input 32x32x3, ten 5x5 filters, stride 1, padding 2; or write the network as a spec")
    return _error(message, Span(source, 1, at + 1, 1, end + 1), help, sentence)


def _error(message: str, span: Span, help: str, sentence: str) -> CnncalcError:
    return CnncalcError([Diagnostic("E528", message, span, help)], {span.source: sentence})
