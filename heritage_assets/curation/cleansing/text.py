"""Plain text from what providers send: mark-up, entities, broken encodings, control characters, endless values."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

CACHED_LENGTH = 256
"""Characters up to which a cleaned value is remembered: labels repeat in their thousands, descriptions don't."""

_INPUT_FACTOR = 8
"""Of a value limited to n characters the first 8·n are looked at; mark-up rarely takes more, and cleaning stays linear."""

_ENTITY_ROUNDS = 3
"""``&amp;amp;lt;`` is seen in the wild (escaped by the museum, by its export, and by the aggregator); deeper is not."""

_NEEDS_WORK = re.compile(r"[<&\x00-\x1f\x7f]|  |^ | $|and#\d")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPOILT_ENTITY = re.compile(r"and#(\d{2,5});")
"""A character reference after somebody's "&" became "and": "faand#231;ade" (seen in records of a national library)."""
_TAG = re.compile(
    r"</?(?:a|abbr|acronym|address|article|aside|b|big|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|dfn|div"
    r"|dl|dt|em|figcaption|figure|font|footer|h[1-6]|head|header|hr|html|body|i|iframe|img|ins|kbd|li|link|main|mark|meta"
    r"|nav|noscript|o:p|object|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td"
    r"|tfoot|th|thead|time|title|tr|tt|u|ul|var|wbr)(?:[\s/][^<>]{0,2000})?>",
    re.IGNORECASE,
)
"""Tags of HTML by name: a text such as "letter from <Anna> to <Karl>" keeps its brackets."""
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|em|font|i|mark|s|small|span|strong|sub|sup|tt|u|wbr)(?:[\s/]|>)", re.I
)
_HIDDEN_BLOCKS = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
_WRONGLY_DECODED = re.compile("[\x80-\x9f\ud800-\udfff]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff]"
)
_JOINERS = re.compile("(?<![^\x00-\u02ff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u02ff])")
"""Joiners carry meaning inside Persian and Indic words and emoji, and none beside Latin letters or spaces."""


def plain_text(value: str, limit: int) -> str | None:
    """Return ``value`` as one line of NFC text of at most ``limit`` characters, or None when nothing is left.

    HTML tags and entities (also escaped up to three times) are resolved, mojibake is repaired with ftfy, control and
    zero-width characters and lone surrogates go, white space collapses. A longer text is cut at a word and ends in "…".
    Time and memory are linear in ``limit``, whatever the length of ``value``.
    """
    if len(value) <= CACHED_LENGTH:
        return _cached(value, limit)
    return _clean(value, limit)


@lru_cache(maxsize=65_536)
def _cached(value: str, limit: int) -> str | None:
    return _clean(value, limit)


def _clean(value: str, limit: int) -> str | None:
    text = value[: limit * _INPUT_FACTOR]
    if text.isascii():
        if not _NEEDS_WORK.search(text):
            return shorten(text, limit) or None
    else:
        text = _repair(text)
    if "#" in text:
        text = _SPOILT_ENTITY.sub(r"&#\1;", text)
    if "<" in text or "&" in text:
        text = _without_markup(text)
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _JOINERS.sub("", text))
    return shorten(" ".join(text.split()), limit) or None


def _repair(text: str) -> str:
    """Undo wrong decodings, such as "faÃ§ade" for "façade"; quotes, widths and ligatures of the text stay as they are."""
    import ftfy
    from ftfy.badness import is_bad

    if not is_bad(text) and not _WRONGLY_DECODED.search(text):  # most text is sound
        return text
    repaired: str = ftfy.fix_text(
        text,
        unescape_html=False,
        uncurl_quotes=False,
        fix_character_width=False,
        fix_latin_ligatures=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        explain=False,
    )
    return repaired


def _without_markup(text: str) -> str:
    for _ in range(_ENTITY_ROUNDS):
        resolved = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        if resolved == text:
            break
        text = resolved
    if "<" not in text:
        return text
    for opening, closing in _HIDDEN_BLOCKS:
        text = _without_blocks(text, opening, closing)
    return _TAG.sub(lambda match: "" if _INLINE_TAG.match(match[0]) else " ", text)


def _without_blocks(text: str, opening: str, closing: str) -> str:
    """Drop each block with its content; one that is never closed hides the rest of the text, as in a browser."""
    lowered = text.lower()
    if len(lowered) != len(text) or opening not in lowered:
        return text
    kept: list[str] = []
    position = 0
    while (start := lowered.find(opening, position)) >= 0:
        kept.append(text[position:start])
        end = lowered.find(closing, start)
        position = len(text) if end < 0 else end + len(closing)
    kept.append(text[position:])
    return " ".join(kept)


def shorten(text: str, limit: int) -> str:
    """Cut clean text to ``limit`` characters at a word, with "…" in place of the rest."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ", int(limit * 0.8))
    return (head[:space] if space > 0 else head).rstrip() + "…"
