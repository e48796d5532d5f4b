"""Names of clusters from the words that set their records apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count as count_from

import numpy as np

from heritage_assets.curation.clusters.model import Labels

_WORD = r"(?u)[^\W\d_]{2,}(?:[-'’][^\W\d_]{2,})*"
_TERMS = 8
_IN_LABEL = 3
_WORTH_NAMING = 0.5
"""A second or third term is named only when it weighs at least this share of the first."""

_STOP_WORDS = (
    # English
    "a about after all also an and are as at be been before between but by can for from had has have he her his if in into "
    "is it its more no not of on or other our out over she so some such than that the their them then there these they "
    "this to under up was we were what when where which who will with without you your unknown untitled title "
    # German
    "ab aber als am an auch auf aus bei beim bis da das dass dem den der des die dies diese dieser dieses durch ein eine "
    "einem einen einer eines er es für gegen hat ich ihr ihre im in ist mit nach nicht noch nur ob oder ohne sein seine "
    "sich sie sind so über um und unter vom von vor war wie wird wurde zu zum zur zwischen ohne titel "
    # French
    "au aux avec ce ces cette comme dans de des du elle en entre est et il ils la le les leur lui mais ne nous on ou où "
    "par pas plus pour qu que qui sa sans se ses son sous sur un une vers sans titre "
    # Italian
    "ad al alla alle anche che chi ci come con da dal dalla dei del della delle degli di dopo ed fra gli ha il io la le lo "
    "ma nel nella non per più prima quale quando se senza si sono su sul sulla tra un una uno titolo "
    # Spanish
    "al ante como con cual desde donde el ella en entre es esta este fue han hasta hay la las lo los más muy no nos para "
    "pero por porque que sin sobre su sus un una uno unos unas título"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


Terms = list[tuple[str, float]]
"""Terms and their weights, the most distinctive first."""


def distinctive_terms(texts: Sequence[str], labels: Labels, count: int) -> list[Terms]:
    """Return up to 8 terms for each of ``count`` clusters, the most distinctive first.

    Class-based TF-IDF (Grootendorst, "BERTopic", 2022): all texts of a cluster are one document; a term weighs its
    frequency there times log(1 + mean words of a cluster / its frequency overall). A term counts once a record, must occur
    in two records of a cluster that has four, and isn't repeated in another inflection (coin, coins). Memory: the sparse counts.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    inside = np.flatnonzero(labels >= 0)
    vectorizer = CountVectorizer(token_pattern=_WORD, stop_words=sorted(STOP_WORDS), binary=True, dtype=np.float32)
    try:
        counts = vectorizer.fit_transform([texts[int(row)] for row in inside])
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        return [[] for _ in range(count)]
    vocabulary = vectorizer.get_feature_names_out()
    rows = np.arange(len(inside))
    grouping = sparse.csr_matrix((np.ones(len(inside), np.float32), (labels[inside], rows)), shape=(count, len(inside)))
    frequency = (grouping @ counts).tocsr()
    words = np.maximum(np.asarray(frequency.sum(axis=1)).ravel(), 1.0)
    overall = np.maximum(np.asarray(frequency.sum(axis=0)).ravel(), 1.0)
    rarity = np.log1p(words.mean() / overall)
    sizes = np.bincount(labels[inside], minlength=count)
    result = []
    for number in range(count):
        row = frequency[[number]]
        enough = row.data >= (2 if sizes[number] >= 4 else 1)
        if not enough.any():
            enough = row.data >= 1
        weights = (row.data / words[number] * rarity[row.indices])[enough]
        terms = vocabulary[row.indices[enough]]
        order = np.lexsort((terms, -weights))
        result.append(_without_inflections([(str(terms[at]), float(weights[at])) for at in order]))
    return result


def _without_inflections(ranked: Terms) -> Terms:
    kept: Terms = []
    for term, weight in ranked:
        if weight <= 0 or len(kept) == _TERMS:
            break
        if not any(_same_stem(term, other) for other, _ in kept):
            kept.append((term, weight))
    return kept


def _same_stem(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and len(long) - len(short) <= 2 and long.startswith(short[: max(3, len(short) - 1)])


def name_clusters(terms: Sequence[Terms], ids: Sequence[str]) -> list[str]:
    """Return one unique label a cluster: its first one to three terms, more where two clusters would be called the same.

    A cluster without terms is called by its id. Earlier clusters (the larger ones) get the shorter name.
    """
    taken: set[str] = set()
    labels = []
    for own, cluster_id in zip(terms, ids, strict=True):
        label = (
            _free_label(own, taken) or _numbered(_joined(own[: _worth_naming(own)]), taken) or f"unnamed ({cluster_id})"
        )
        taken.add(label)
        labels.append(label)
    return labels


def _numbered(label: str, taken: set[str]) -> str | None:
    return next(name for number in count_from(2) if (name := f"{label} ({number})") not in taken) if label else None


def _worth_naming(terms: Terms) -> int:
    return sum(weight >= _WORTH_NAMING * terms[0][1] for _, weight in terms[:_IN_LABEL])


def _joined(terms: Terms) -> str:
    return " · ".join(term for term, _ in terms)


def _free_label(terms: Terms, taken: set[str]) -> str | None:
    for length in range(_worth_naming(terms), len(terms) + 1):
        label = _joined(terms[:length])
        if label and label not in taken:
            return label
    return None


def clean_text(text: str | None) -> str:
    """Return a text fit for counting words: no addresses, no markup."""
    return re.sub(r"https?://\S+|<[^>]*>", " ", text or "")
