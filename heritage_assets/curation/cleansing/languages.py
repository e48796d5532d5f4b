"""Languages to BCP 47 tags, from ISO 639-1/2/3 codes, tags and the names that catalogues write."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import langcodes

_NAMES: dict[str, str] = {
    "ar": "arabic arabisch arabe arabo",
    "bg": "bulgarian bulgarisch bulgare bulgaro български",
    "ca": "catalan katalanisch catala catalano",
    "cs": "czech tschechisch tcheque ceco checo cestina cesky",
    "cy": "welsh walisisch gallois cymraeg",
    "da": "danish danisch danois danese danes dansk",
    "de": "german deutsch allemand tedesco aleman duits niemiecki nemscina tyska nemecky",
    "el": "greek griechisch grec greco griego grieks ελληνικα",
    "en": "english englisch anglais inglese ingles engels angielski anglescina engelska anglicky",
    "es": "spanish spanisch espagnol spagnolo espanol castellano castilian spaans",
    "et": "estonian estnisch estonien estone eesti",
    "eu": "basque baskisch euskara",
    "fa": "persian persisch persan persiano farsi",
    "fi": "finnish finnisch finnois finlandese suomi",
    "fr": "french franzosisch francais francese frances frans francuski francoscina franska",
    "ga": "irish irisch irlandais gaeilge",
    "gl": "galician galizisch galego gallego",
    "grc": "ancientgreek altgriechisch grecancien grecoantico",
    "he": "hebrew hebraisch hebreu ebraico hebreo ivrit עברית",
    "hr": "croatian kroatisch croate croato hrvatski",
    "hu": "hungarian ungarisch hongrois ungherese hungaro magyar",
    "hy": "armenian armenisch armenien armeno",
    "is": "icelandic islandisch islandais islenska",
    "it": "italian italienisch italien italiano italiaans wloski italijanscina",
    "ja": "japanese japanisch japonais giapponese japones 日本語",
    "la": "latin latein lateinisch latino latijn lacinski latinscina",
    "lt": "lithuanian litauisch lituanien lituano lietuviu",
    "lv": "latvian lettisch letton lettone latviesu",
    "mt": "maltese maltesisch maltais malti",
    "nl": "dutch niederlandisch neerlandais nederlands olandese holandes neerlandes flemish vlaams",
    "no": "norwegian norwegisch norvegien norvegese norsk",
    "ota": "ottomanturkish osmanisch osmanlica",
    "pl": "polish polnisch polonais polacco polaco polski pools",
    "pt": "portuguese portugiesisch portugais portoghese portugues",
    "ro": "romanian rumanisch roumain rumeno rumano romana",
    "ru": "russian russisch russe russo ruso русскии",
    "sa": "sanskrit sanskritisch",
    "sk": "slovak slowakisch slovaque slovacco slovencina slovensky",
    "sl": "slovenian slovene slowenisch sloveno slovenscina slovensko",
    "sr": "serbian serbisch serbe serbo srpski",
    "sv": "swedish schwedisch suedois svedese sueco svenska",
    "tr": "turkish turkisch turc turco turkce",
    "uk": "ukrainian ukrainisch ukrainien ucraino украінська",
    "yi": "yiddish jiddisch judeoallemand",
    "zh": "chinese chinesisch chinois cinese chino 中文",
    "mul": "multiple multilingual mehrsprachig multilingue various",
    "zxx": "nolinguisticcontent notapplicable",
}
_BY_NAME = {name: tag for tag, names in _NAMES.items() for name in names.split()}
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,6}$")
_IN_URI = re.compile(r"https?://\S*/(?:iso639-[1235]|languages?|lang)/([A-Za-z]{2,3})(?:[/#?]\S*)?$")
_MAX_LENGTH = 64


@lru_cache(maxsize=4096)
def language_tag(text: str) -> str | None:
    """Return the BCP 47 tag of a code, tag, name or authority URI of a language; None for "und", "def" and the unknown.

    "ger", "deu", "DE", "German", "deutsch" give "de"; "en_gb" gives "en-GB"; what is not valid after the first
    subtag is dropped with all after it; "mul" (several languages) and "zxx" (no
    linguistic content) stay, since catalogues mean them.
    """
    if not text or len(text) > _MAX_LENGTH:
        return None
    stripped = text.strip()
    if stripped == "def":  # Europeana's "default", not Dezfuli
        return None
    if in_uri := _IN_URI.match(stripped):
        stripped = in_uri[1]
    if _CODE.match(stripped) and (tag := _standard(stripped) or _standard(re.split(r"[-_]", stripped)[0])):
        return tag
    return _BY_NAME.get(_folded(stripped))


def _standard(code: str) -> str | None:
    try:
        tag = langcodes.standardize_tag(code)
        valid = langcodes.tag_is_valid(tag)
    except langcodes.LanguageTagError:
        return None
    return tag if valid and tag != "und" and not tag.startswith("und-") else None


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if char.isalpha() and not unicodedata.combining(char))
