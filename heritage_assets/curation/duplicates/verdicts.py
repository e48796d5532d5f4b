"""The rules: which pairs are one object, which a person should see, which are two. Readable from top to bottom.

The first rule that holds decides. Each is named, and its name is stored with the pair. ``p`` are the columns of the evidence
(:class:`~.evidence.PairEvidence`), ``s`` the settings; comparisons with an unknown value (NaN) are false.

What people declare comes before what pixels resemble: two pages, two sides, two states, two inventory numbers of one house are
two objects however alike they look. Pixels decide where nothing is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.duplicates.evidence import PairEvidence
from heritage_assets.curation.duplicates.settings import DuplicateSettings

Bools = npt.NDArray[np.bool_]
Holds = Callable[[PairEvidence, DuplicateSettings], Bools]

DUPLICATE, REVIEW, DISTINCT = "duplicate", "review", "distinct"
NO_RULE = "unlike"
"""Stored as the rule of pairs that nothing speaks for."""


@dataclass(frozen=True)
class Rule:
    """A named rule: what it decides, why (one sentence, shown to people), and when it holds."""

    name: str
    verdict: str
    why: str
    holds: Holds


# -- what the rules are made of ------------------------------------------------------------------------------------------


def alike(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """The encoder takes the pictures for one."""
    return p.cosine >= s.threshold


def very_alike(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """The score lies beyond the middle between the threshold and 1, of an encoder whose scores do not crowd there."""
    return (p.cosine >= (1.0 + s.threshold) / 2) & (not s.crowded)


def same_pixels(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """The hashes are almost equal (equal but for noise where the texts leave doubt), and the encoder does not object."""
    same = np.where(texts_doubt(p, s), hash_within(p, s.hash_same // 2), hash_within(p, s.hash_same))
    return same & (p.cosine >= s.floor_with_hash)


def equal_pixels_unread(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """The hashes are equal, nothing was read of one of them, and nobody has calibrated the encoder.

    What scores mean differs from encoder to encoder; what equal hashes mean does not. So a score far below the threshold is
    enough: photographs and their halves score down to 0.79 with MobileNetV2, different photographs up to 0.72. Hashes that
    differ in 2 bits are not enough: pages of one printed book score up to 0.93 with it (measured on real ones).
    """
    unread = np.isnan(p.text_cosine) & (s.hash_floor is None) & (not s.crowded)
    return unread & hash_within(p, 0) & (p.cosine >= s.threshold - 5 * s.review_band)


def pixels_support(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """The hashes are near, or there are none and the encoder's scores can be relied on.

    How near they must be depends on what else speaks for one object. Where the encoder has read both texts, and no title, number,
    or maker and year is shared, half as near is not enough; where the texts do not even mean the same, the hashes must be almost
    equal. A very high score counts one step.
    """
    half, sure = s.hash_near // 2, very_alike(p, s)
    means_the_same = p.text_cosine >= s.text_agree
    allowed = np.select(
        [np.isnan(p.text_cosine) | entries_agree(p), means_the_same & sure, means_the_same | sure],
        [s.hash_near, s.hash_near, max(half, s.hash_same)],
        s.hash_same,
    )
    near = (p.hash_distance >= 0) & (p.hash_distance <= allowed)
    return near | ((p.hash_distance < 0) & (not s.crowded))


def nearly_equal_pixels(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """For entries of one maker: year or text agree, the score is in the review band, and the hashes differ in half of "near".

    With the same year almost equal hashes are enough, unless the encoder sees something else altogether.
    """
    scored = hash_within(p, s.hash_near // 2) & (p.cosine >= s.lowest_cosine) & (not s.crowded)
    equal = hash_within(p, s.hash_same) & (p.cosine >= s.threshold / 2)
    return (scored & (p.same_year | texts_agree(p, s))) | (equal & p.same_year)


def entries_agree(p: PairEvidence) -> Bools:
    """Same title, a shared inventory number, or the same maker and year, which no translation changes."""
    return p.same_title | p.shared_number | (p.same_maker & p.same_year)


def texts_agree(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """Same title, a shared inventory number, or descriptions that mean the same."""
    return p.same_title | p.shared_number | (p.text_cosine >= s.text_agree)


def texts_disagree(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """Descriptions that are about different things."""
    return (p.text_cosine < s.text_floor) & ~p.same_title & ~p.shared_number


def texts_doubt(p: PairEvidence, s: DuplicateSettings) -> Bools:
    """Both have a text, and nothing in the entries says that they are about one thing."""
    return ~np.isnan(p.text_cosine) & ~texts_agree(p, s) & ~entries_agree(p)


def hash_within(p: PairEvidence, distance: int) -> Bools:
    """Both have a hash, and at most ``distance`` bits differ."""
    return (p.hash_distance >= 0) & (p.hash_distance <= distance)


# -- the rules -------------------------------------------------------------------------------------------------------------

RULES: tuple[Rule, ...] = (
    Rule(
        "same_file_other_part",
        REVIEW,
        "One file, but the entries declare different parts: a picture of both, or the wrong picture on one.",
        lambda p, s: p.same_file & p.part_differs,
    ),
    Rule(
        "parts_differ",
        DISTINCT,
        "The entries declare different parts: pages, folios, sides, plates, states, volumes or numbers.",
        lambda p, s: p.part_differs,
    ),
    Rule(
        "same_file_other_entry",
        REVIEW,
        "One file, but inventory numbers of one house or dates differ, and the titles do not agree: a set, or a placeholder.",
        lambda p, s: p.same_file & (p.inventory_differs | p.date_differs) & ~texts_agree(p, s),
    ),
    Rule("same_file", DUPLICATE, "The image files are equal, byte for byte.", lambda p, s: p.same_file),
    Rule(
        "inventory_differs_same_pixels",
        REVIEW,
        "One house gives two inventory numbers to what looks like one photograph under one title.",
        lambda p, s: (
            p.inventory_differs & ~p.date_differs & alike(p, s) & hash_within(p, s.hash_same // 2) & p.same_title
        ),
    ),
    Rule(
        "inventory_differs",
        DISTINCT,
        "One house gives them two inventory numbers.",
        lambda p, s: p.inventory_differs,
    ),
    Rule(
        "dates_differ_same_pixels",
        REVIEW,
        "Two houses date what looks like one photograph differently.",
        lambda p, s: p.date_differs & p.other_holder & alike(p, s) & same_pixels(p, s),
    ),
    Rule("dates_differ", DISTINCT, "They are dated differently.", lambda p, s: p.date_differs),
    Rule(
        "pixels_disagree",
        REVIEW,
        "The encoder takes the pictures for one, their hashes or shapes do not.",
        lambda p, s: alike(p, s) & ((p.hash_distance > s.hash_far) | (p.aspect_differs & ~hash_within(p, s.hash_same))),
    ),
    Rule(
        "texts_disagree",
        REVIEW,
        "The pictures look like one, the descriptions are about different things.",
        lambda p, s: alike(p, s) & texts_disagree(p, s) & ~hash_within(p, s.hash_same),
    ),
    Rule(
        "same_picture",
        DUPLICATE,
        "The encoder takes the pictures for one, and the pixels support it.",
        lambda p, s: alike(p, s) & pixels_support(p, s),
    ),
    Rule(
        "same_picture_and_text",
        DUPLICATE,
        "The encoder takes the pictures for one, and titles or numbers agree, or descriptions where the score is high.",
        lambda p, s: (
            alike(p, s)
            & (p.same_title | p.shared_number | (texts_agree(p, s) & (very_alike(p, s) | (p.hash_distance < 0))))
        ),
    ),
    Rule(
        "same_pixels",
        DUPLICATE,
        "An edited copy: the encoder scores it below the threshold, the hashes are almost equal, no text disagrees.",
        lambda p, s: same_pixels(p, s) & ~p.aspect_differs & ~texts_disagree(p, s),
    ),
    Rule(
        "equal_pixels_unread",
        DUPLICATE,
        "An edited copy: the hashes are equal; the encoder has read no text and is not calibrated for this collection.",
        lambda p, s: equal_pixels_unread(p, s) & ~p.aspect_differs,
    ),
    Rule(
        "same_hash_and_text",
        DUPLICATE,
        "Two houses, equal hashes and shapes, and titles, numbers or descriptions agree: a copy that was edited strongly.",
        lambda p, s: (
            hash_within(p, s.hash_same // 2)
            & p.other_holder
            & ~p.aspect_differs
            & texts_agree(p, s)
            & (p.cosine >= s.threshold / 2)
        ),
    ),
    Rule(
        "same_maker",
        DUPLICATE,
        "Two houses name one maker, and year or text agree; hashes and shapes are nearly equal: a copy that was edited strongly.",
        lambda p, s: (
            p.same_maker & p.other_holder & ~p.aspect_differs & ~texts_disagree(p, s) & nearly_equal_pixels(p, s)
        ),
    ),
    Rule(
        "alike",
        REVIEW,
        "The encoder takes the pictures for one, nothing else does.",
        alike,
    ),
    Rule(
        "nearly_alike",
        REVIEW,
        "Just below the threshold, and the pixels or the texts speak for one object.",
        lambda p, s: (p.cosine >= s.lowest_cosine) & (hash_within(p, s.hash_near) | texts_agree(p, s)),
    ),
    Rule(
        "same_hash",
        REVIEW,
        "The hashes are almost equal and the texts agree; the encoder sees two pictures, or has seen only one.",
        lambda p, s: hash_within(p, s.hash_same) & texts_agree(p, s),
    ),
)

RULE_NAMES = tuple(rule.name for rule in RULES)
WHY = {rule.name: rule.why for rule in RULES} | {NO_RULE: "Nothing speaks for one object."}


@dataclass(frozen=True)
class Verdicts:
    """One verdict and one rule name for each pair."""

    verdict: list[str]
    rule: list[str]


def worth_storing(pairs: PairEvidence, verdicts: Verdicts, settings: DuplicateSettings) -> Bools:
    """Return which pairs are stored: duplicates, reviews, and those distinct ones that pixels alone would have joined."""
    told_apart = np.array([verdict == DISTINCT for verdict in verdicts.verdict], bool)
    tempting = alike(pairs, settings) | hash_within(pairs, settings.hash_same)
    spoken = np.array([name != NO_RULE for name in verdicts.rule], bool)
    return spoken & (~told_apart | tempting)


def judge(pairs: PairEvidence, settings: DuplicateSettings) -> Verdicts:
    """Apply the rules to all pairs at once.

    Raises:
        ValueError: ``settings.disabled_rules`` names a rule that does not exist.
    """
    unknown = sorted(set(settings.disabled_rules) - set(RULE_NAMES))
    if unknown:
        raise ValueError(f"disabled_rules names unknown rules {unknown}; there are {list(RULE_NAMES)}")
    active = [rule for rule in RULES if rule.name not in settings.disabled_rules]
    decided = np.full(len(pairs), len(active))
    with np.errstate(invalid="ignore"):
        for number, rule in reversed(list(enumerate(active))):
            decided[np.asarray(rule.holds(pairs, settings), bool)] = number
    names = [*(rule.name for rule in active), NO_RULE]
    verdicts = [*(rule.verdict for rule in active), DISTINCT]
    return Verdicts([verdicts[k] for k in decided], [names[k] for k in decided])


def rules_table() -> pa.Table:
    """Return the rules in order (name, verdict, why), for documentation and reports."""
    return pa.table({name: [getattr(rule, name) for rule in RULES] for name in ("name", "verdict", "why")})
