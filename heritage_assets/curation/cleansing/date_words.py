"""The words of dates in en, de, fr, it, es, pt and nl (and some of sl, pl, sv): data for ``dates``.

All are written as ``dates`` sees them: lower case, without accents, without the full stop of an abbreviation.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Word(StrEnum):
    """What a word of a date does."""

    CIRCA = "circa"
    BEFORE = "before"
    AFTER = "after"
    RANGE = "range"
    OR = "or"
    BC = "bc"
    AD = "ad"
    CENTURY = "century"
    MILLENNIUM = "millennium"
    DECADE = "decade"
    MONTH = "month"
    SKIP = "skip"
    LATER = "later"
    EVENT = "event"
    NOT_A_DATE = "not a date"


_RANKS = {
    1: "1 1st 1e 1er 1re 1ere 1a i first erste erstes erster premier premiere primo prima primer primera primeira eerste",
    2: "2 2nd 2e 2de 2nde 2a ii second zweite zweites zweiter deuxieme seconde secondo seconda segundo segunda tweede",
    3: "3 3rd 3e 3a iii third dritte drittes dritter troisieme terzo terza tercer tercera terceiro derde",
    4: "4 4th 4e 4a iv fourth vierte viertes quatrieme quarto cuarto vierde last letzte letztes dernier ultimo laatste",
}
_FRACTIONS = {
    "half": "half halfte haelfte h moitie meta mitad metade helft",
    "third": "third drittel tiers terzo tercio terco derde",
    "quarter": "quarter viertel quart quarto cuarto kwart",
}
_FRACTION_WORDS = {
    ("half", 1): "firsthalf",
    ("half", 2): "secondhalf",
    ("third", 1): "early",
    ("third", 2): "mid",
    ("third", 3): "late",
    ("quarter", 1): "quarterone",
    ("quarter", 2): "quartertwo",
    ("quarter", 3): "quarterthree",
    ("quarter", 4): "quarterfour",
}


def _any_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)")


def _fractions() -> list[tuple[re.Pattern[str], str]]:
    """Return "1st half", "zweite Halfte", "troisieme quart", "2_half" with the word of :data:`PARTS` for each."""
    return [
        (
            re.compile(
                rf"(?<!\w)(?:{'|'.join(_RANKS[rank].split())})\.?[ -]?(?:{'|'.join(_FRACTIONS[unit].split())})(?!\w)"
            ),
            f" {word} ",
        )
        for (unit, rank), word in _FRACTION_WORDS.items()
    ]


_LATER = "later|after|afterwards|spater|danach|apres|posterior|successivo|despues"
_EARLIER = "earlier|before|fruher|davor|avant|anterior|antes"
_OR = "or|and|oder|und|ou|et|o|e|y"

PHRASES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_any_of("date (?:is )?(?:not known|unknown)", "no date", "not dated", "undated", "unknown", "not known"), ""),
    (
        _any_of(
            r"n\. ?d\.?",
            "nd",
            r"s\. ?d\.?",
            "sd",
            r"o\. ?j\.?",
            "ohne jahr",
            "undatiert",
            "nicht datiert",
            "datum unbekannt",
        ),
        "",
    ),
    (
        _any_of(
            "unbekannt", "sans date", "date inconnue", "senza data", "sin fecha", "sem data", "zonder datum", "onbekend"
        ),
        "",
    ),
    # Eras. German "v. Chr." comes before the French and Latin "a. C.".
    (
        _any_of(r"v\. ?chr\.?", r"vor chr(?:istus|\.)?", "vor christi geburt", r"v\. ?u\. ?z\.?", r"v\. ?d\. ?z\.?"),
        " bc ",
    ),
    (_any_of(r"n\. ?chr\.?", r"nach chr(?:istus|\.)?", r"u\. ?z\.", r"p\. ?chr\.? ?n\.?"), " ad "),
    (
        _any_of(
            r"av(?:ant)?\.? ?j\.?[ -]{0,2}c(?:hrist)?\.?", "avant jesus-christ", "avant notre ere", r"av\. ?n\. ?e\.?"
        ),
        " bc ",
    ),
    (_any_of(r"ap(?:res)?\.? ?j\.?[ -]{0,2}c(?:hrist)?\.?", "apres jesus-christ", "de notre ere"), " ad "),
    (
        _any_of(
            "avanti cristo", "antes de (?:cristo|la era comun)", r"a\. ?de ?c\.?", r"a\. ?e\. ?c\.", "voor christus"
        ),
        " bc ",
    ),
    (_any_of("dopo cristo", "(?:despues|depois) de cristo", "na christus", r"d\. ?de ?c\.?", "anno domini"), " ad "),
    (
        _any_of(r"b\. ?c\. ?e?\.?", "before christ", "before (?:the )?common era", r"a\. ?c\.", r"pr\. ?n\. ?st\."),
        " bc ",
    ),
    (_any_of(r"a\. ?d\.", r"c\. ?e\.", r"d\. ?c\.", "common era"), " ad "),
    (re.compile(r"(?<=\d)\.? ?(?:jhd?t?|jahrh)(?!\w)\.?"), " century "),
    *_fractions(),
    (_any_of(rf"(?:{_OR}) (?:{_LATER})"), " onwards "),
    (_any_of(rf"(?:{_OR}) (?:{_EARLIER})"), " backwards "),
    (
        _any_of("no(?:t)? later than", "not after", "at the latest", "spatestens", "au plus tard", "non oltre"),
        " until ",
    ),
    (_any_of("not before", "no(?:t)? earlier than", "fruhestens", "au plus tot", "non prima del"), " since "),
    (_any_of("prior to", "prima (?:del|di|dell)", "antes de", "avant"), " before "),
    (_any_of("dopo (?:il|del)", "(?:despues|depois) de", "apres"), " after "),
    (_any_of("up to", "jusqu.? ?(?:a|en|au)", "fino al?", "hasta", "tot en met", "ate"), " until "),
)
"""Tried in order over the whole text; a replacement is a word of :data:`WORDS` or of :data:`PARTS`."""

_EARLY = (
    "early beginning start anfang fruhes fruh beginn debut inizio inizi principios inicios comienzos begin vroege vroeg"
)

PARTS: dict[str, tuple[float, float]] = {
    word: span
    for words, span in (
        (_EARLY, (0.0, 1 / 3)),
        ("mid middle mitte milieu meta mediados midden meados", (1 / 3, 2 / 3)),
        ("late end ende spates spat fin fine finales fines final eind einde laat late fins", (2 / 3, 1.0)),
        ("firsthalf", (0.0, 0.5)),
        ("secondhalf", (0.5, 1.0)),
        ("quarterone", (0.0, 0.25)),
        ("quartertwo", (0.25, 0.5)),
        ("quarterthree", (0.5, 0.75)),
        ("quarterfour", (0.75, 1.0)),
    )
    for word in words.split()
}
"""Share of a century or decade that a qualifier leaves. Early, mid, late are thirds, as in Europeana's semium time spans."""

_MONTHS = """
january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct
nov dec januar februar marz maerz mai juni juli oktober dezember janner feber mrz okt dez janvier fevrier mars avril juin juillet
aout septembre octobre novembre decembre janv fevr avr juil gennaio febbraio marzo aprile maggio giugno luglio agosto settembre
ottobre dicembre genn febbr magg giu lug ago sett ott dic enero febrero abril mayo junio julio septiembre setiembre octubre
noviembre diciembre ene abr janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro januari februari maart mei
augustus spring summer autumn fall winter easter christmas fruhling fruhjahr sommer herbst printemps ete automne hiver primavera
estate autunno inverno verano otono invierno monday tuesday wednesday thursday friday saturday sunday
"""

_ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth
seventeenth eighteenth nineteenth twentieth
"""
ORDINAL_WORDS: dict[str, int] = {word: number for number, word in enumerate(_ORDINALS.split(), start=1)}

ITALIAN_CENTURIES: dict[str, int] = {
    "duecento": 1200,
    "trecento": 1300,
    "quattrocento": 1400,
    "cinquecento": 1500,
    "seicento": 1600,
    "settecento": 1700,
    "ottocento": 1800,
    "novecento": 1900,
}

_ROLES: dict[Word, str] = {
    Word.CIRCA: """
        c ca cca ci circa cir about approximately approx around um gegen etwa ungefahr vers environ env verso cerca hacia ongeveer
        rond omstreeks okoli probably possibly perhaps likely presumably wohl vermutlich wahrscheinlich peut etre probablement
        estimated est alrededor
        """,
    Word.BEFORE: "before vor voor ante pre przed fore by backwards",
    Word.AFTER: "after nach na post since ab seit depuis desde dal sinds po efter onwards onward",
    Word.RANGE: "to till through thru bis al until",
    Word.OR: "or oder ou o and und et e y resp bzw",
    Word.BC: "bc bce ac",
    Word.AD: "ad ce dc",
    Word.CENTURY: """
        century centuries cent siecle siecles secolo secoli sec siglo siglos seculo seculos eeuw eeuws saec saeculum jahrhundert
        jahrhunderts jahrhunderte jh jhd jhdt stoletje stulecia wiek wieku vek stol seculum saeculo
        """,
    Word.MILLENNIUM: "millennium millennia millenium jahrtausend jahrtausends jt millenaire millennio milenio",
    Word.DECADE: "decade jahre jahren annees anni anos jaren leta decada decennio tallet tal",
    Word.MONTH: _MONTHS,
    Word.SKIP: """
        the of in on at im am den der des dem das die le la les l il lo i gli el los las del della dello dell degli nel nell ne en
        year years jahr an annee anno ano jaar dated date datiert datato signed signiert made created executed painted drawn built
        erected vollendet entstanden gemalt realise peint dans durant sul copyright p cop from between zwischen von vom entre tra
        fra de van tussen du da
        """,
    Word.EVENT: """
        printed reprinted published exhibited cast reproduced enlarged version reissued issued digitised digitized restored
        gedruckt gegossen ausgestellt imprime publie publication edition reedition stampato ristampa impreso edited copied later
        reconstructed refabricated remade editioned acquired purchased
        """,
    Word.NOT_A_DATE: """
        inv inventory inventar inventarnummer inventarnr inventario inventaire no nr nos num number nummer numero acc accession
        lot box folder shelf shelfmark signatur sign mss tel telephone phone fax fol folio ff pp page pages seite bl room isbn
        issn id cm mm kg km x vol band tome plate blatt item ref
        """,
}

WORDS: dict[str, Word] = {word: role for role, words in _ROLES.items() for word in words.split()}
