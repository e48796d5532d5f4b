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
    FROM = "from"
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


PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (
            r"\b(?:date not known|date unknown|no date|not dated|undated|unknown|n\.? ?d\.?$|s\.? ?d\.?$|o\. ?j\.?$|ohne jahr)\b\.?",
            "",
        ),
        (
            r"\b(?:undatiert|nicht datiert|datum unbekannt|sans date|date inconnue|senza data|sin fecha|sem data|zonder datum)\b",
            "",
        ),
        # Eras. Longest first, and German "v. Chr." before the French and Latin "a. C.".
        (r"\b(?:v\. ?chr\.?|vor chr(?:istus|\.)?|vor christi geburt|v\. ?u\. ?z\.?|v\. ?d\. ?z\.?)(?!\w)", " bc "),
        (r"\b(?:n\. ?chr\.?|nach chr(?:istus|\.)?|u\. ?z\.|p\. ?chr\.? ?n\.?)(?!\w)", " ad "),
        (
            r"\b(?:av(?:ant)?\.? ?j\.?[- ]?-?c(?:hrist)?\.?|avant jesus-christ|avant notre ere|av\. ?n\. ?e\.?)(?!\w)",
            " bc ",
        ),
        (r"\b(?:ap(?:res)?\.? ?j\.?[- ]?-?c(?:hrist)?\.?|apres jesus-christ|de notre ere)(?!\w)", " ad "),
        (
            r"\b(?:avanti cristo|antes de (?:cristo|la era comun)|a\. ?de ?c\.?|a\. ?e\. ?c\.|voor christus|pr\. ?n\. ?st\.)(?!\w)",
            " bc ",
        ),
        (r"\b(?:dopo cristo|despues de cristo|depois de cristo|na christus|d\. ?de ?c\.?|anno domini)(?!\w)", " ad "),
        (r"\b(?:b\. ?c\. ?e?\.?|before christ|before (?:the )?common era|a\. ?c\.)(?!\w)", " bc "),
        (r"\b(?:a\. ?d\.|c\. ?e\.|d\. ?c\.|common era)(?!\w)", " ad "),
        # Centuries that are one word or an abbreviation.
        (r"(?<=\dxx) 1 half\b", " firsthalf "),
        (r"(?<=\dxx) 2 half\b", " secondhalf "),
        (r"(?<=\dxx) 1 third\b", " early "),
        (r"(?<=\dxx) 2 third\b", " mid "),
        (r"(?<=\dxx) 3 third\b", " late "),
        (r"\bj(?:ahr)?h(?:undert|dt|d)?(?:s|en?|\b)\.?(?!\w)", " century "),
        (r"(?<=\d)\.? ?(?:jh|jhd|jhdt|jahrh)\b\.?", " century "),
        (r"\b(?:erste|1\.?|i) ?(?:half|haelfte|halfte|h\.)(?= )", " firsthalf "),
        (r"\b(?:zweite|2\.?|ii) ?(?:half|haelfte|halfte|h\.)(?= )", " secondhalf "),
        (
            r"\b(?:1(?:re|ere)?|premiere?|prima|primera|1a|1st|first|i|eerste|primeira) (?:moitie|meta|mitad|half|helft|metade)\b",
            " firsthalf ",
        ),
        (
            r"\b(?:2(?:e|de|nde|nd)?|seconde|deuxieme|seconda|segunda|2a|second|ii|tweede) (?:moitie|meta|mitad|half|helft|metade)\b",
            " secondhalf ",
        ),
        (
            r"\b(?:1|1st|1er|first|erstes|premier|primo|primer|eerste|i)\.? (?:quarter|viertel|quart|quarto|cuarto|kwart)\b",
            " quarterone ",
        ),
        (
            r"\b(?:2|2nd|2e|second|zweites|deuxieme|secondo|segundo|tweede|ii)\.? (?:quarter|viertel|quart|quarto|cuarto|kwart)\b",
            " quartertwo ",
        ),
        (
            r"\b(?:3|3rd|3e|third|drittes|troisieme|terzo|tercer|derde|iii)\.? (?:quarter|viertel|quart|quarto|cuarto|kwart)\b",
            " quarterthree ",
        ),
        (
            r"\b(?:4|4th|4e|fourth|last|viertes|letztes|dernier|quatrieme|ultimo|vierde|laatste|iv)\.? (?:quarter|viertel|quart|quarto|cuarto|kwart)\b",
            " quarterfour ",
        ),
        (r"\b(?:1|1st|first|erstes|premier)\.? (?:third|drittel|tiers)\b", " early "),
        (r"\b(?:2|2nd|second|zweites|deuxieme)\.? (?:third|drittel|tiers)\b", " mid "),
        (r"\b(?:3|3rd|last|drittes|letztes|dernier)\.? (?:third|drittel|tiers)\b", " late "),
        # Two words that mean one.
        (
            r"\b(?:or|and|oder|und|ou|et|o|e|y) (?:later|after|afterwards|spater|danach|apres|posterior|successivo|despues)\b",
            " onwards ",
        ),
        (r"\b(?:or|and|oder|und|ou|et|o|e|y) (?:earlier|before|fruher|davor|avant|anterior|antes)\b", " backwards "),
        (r"\b(?:no later than|not after|not later than|at the latest|spatestens|au plus tard|non oltre)\b", " until "),
        (r"\b(?:not before|no earlier than|not earlier than|fruhestens|au plus tot|non prima del)\b", " since "),
        (r"\b(?:prior to|prima (?:del|di|dell)|antes de|avant)\b", " before "),
        (r"\b(?:dopo (?:il|del)|despues de|depois de|apres)\b", " after "),
        (r"\b(?:up to|jusqu.? ?(?:a|en|au)|fino al?|hasta|tot en met|ate)\b", " until "),
    )
)
"""Tried in order over the whole text; a replacement is a word of :data:`WORDS` or of :data:`PARTS`."""

PARTS: dict[str, tuple[float, float]] = {
    word: span
    for span, words in {
        (
            0.0,
            1 / 3,
        ): "early beginning start anfang fruhes fruh beginn debut inizio inizi principios inicios comienzos begin vroege vroeg",
        (1 / 3, 2 / 3): "mid middle mitte milieu meta mediados midden meados",
        (2 / 3, 1.0): "late end ende spates spat fin fine finales fines final eind einde laat late fins",
        (0.0, 0.5): "firsthalf",
        (0.5, 1.0): "secondhalf",
        (0.0, 0.25): "quarterone",
        (0.25, 0.5): "quartertwo",
        (0.5, 0.75): "quarterthree",
        (0.75, 1.0): "quarterfour",
    }.items()
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

ORDINAL_WORDS: dict[str, int] = {
    word: number
    for number, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        start=1,
    )
}

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

WORDS: dict[str, Word] = {
    word: kind
    for kind, words in {
        Word.CIRCA: "c ca cca ci circa cir about approximately approx around um gegen etwa ungefahr vers environ env verso cerca hacia ongeveer"
        " rond omstreeks okoli probably possibly perhaps likely presumably wohl vermutlich wahrscheinlich peut etre probablement"
        " estimated est alrededor",
        Word.BEFORE: "before vor voor ante until bis pre przed fore by",
        Word.AFTER: "after nach na post since ab seit depuis desde dal sinds po efter onwards onward",
        Word.RANGE: "to till through thru bis al until",
        Word.FROM: "from between zwischen von vom entre tra fra de des van tussen du da",
        Word.OR: "or oder ou o and und et e y resp bzw",
        Word.BC: "bc bce ac",
        Word.AD: "ad ce dc",
        Word.CENTURY: "century centuries cent siecle siecles secolo secoli sec siglo siglos seculo seculos eeuw eeuws saec saeculum"
        " jahrhundert jahrhunderts jh jhd jhdt stoletje stulecia wiek wieku vek stol seculum saeculo",
        Word.MILLENNIUM: "millennium millennia millenium jahrtausend jt millenaire millennio milenio",
        Word.DECADE: "decade jahre jahren annees anni anos jaren leta decada decennio tallet tal",
        Word.MONTH: _MONTHS,
        Word.SKIP: "the of in on at im am den der des dem das die le la les l il lo i gli el los las del della dello dell degli nel nell ne"
        " en year years jahr an annee anno ano jaar dated date datiert datato signed signiert made created executed painted"
        " drawn built erected vollendet entstanden gemalt realise peint dans durant sul copyright p cop",
        Word.EVENT: "printed reprinted published exhibited cast reproduced enlarged version reissued issued digitised digitized restored"
        " gedruckt gegossen ausgestellt imprime publie publication edition reedition stampato ristampa impreso edited copied later"
        " reconstructed refabricated remade editioned acquired purchased",
        Word.NOT_A_DATE: "inv inventory inventar inventaire no nr nos num number nummer numero acc accession lot box folder shelf shelfmark"
        " signatur sign mss tel telephone phone fax fol folio ff pp page pages seite bl room isbn issn id cm mm kg km x vol band tome"
        " plate blatt item ref",
    }.items()
    for word in words.split()
}
