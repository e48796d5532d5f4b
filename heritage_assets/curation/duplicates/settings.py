"""Settings of canonicalization (``HERITAGE_DUPLICATES__*``); the rules that read them are in ``verdicts.py``."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

RIGHTS_ORDER = (
    "public_domain",
    "cc0",
    "cc_by",
    "cc_by_sa",
    "cc_by_nd",
    "cc_by_nc",
    "cc_by_nc_sa",
    "cc_by_nc_nd",
    "no_copyright_other",
    "copyright_not_evaluated",
    "copyright_undetermined",
    "orphan_work",
    "in_copyright",
    "restricted",
    "unknown",
)


class DuplicateSettings(BaseModel):
    """When two records show the same object, and who speaks for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(
        0.98,
        gt=0,
        le=1,
        description="Image cosine from which two pictures may be one. CLIP's default; calibrate others.",
    )
    hash_floor: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Image cosine above which a near-equal perceptual hash can stand in for the threshold; default: "
        "the threshold minus half of review_band.",
    )
    review_band: float = Field(
        0.03, ge=0, le=0.5, description="So far below the threshold a pair may still be put to a person."
    )
    hash_same: int = Field(
        4, ge=0, le=12, description="Hash distance (of 64 bits) up to which the pixels count as the same."
    )
    hash_near: int = Field(12, ge=0, le=64, description="Hash distance up to which the pixels support a duplicate.")
    hash_far: int = Field(
        20, ge=0, le=64, description="Hash distance beyond which the pixels speak against a duplicate."
    )
    aspect_tolerance: float = Field(
        0.08, ge=0, le=1, description="Relative difference of width/height that harmless edits (a 3 % crop) can make."
    )
    text_floor: float = Field(0.4, ge=-1, le=1, description="Text cosine below which descriptions disagree.")
    text_agree: float = Field(0.9, ge=-1, le=1, description="Text cosine from which descriptions agree.")
    year_tolerance: int = Field(0, ge=0, description="Years by which two datings may lie apart before they disagree.")
    crowded: bool = Field(
        False,
        description="Scores of this encoder crowd near 1 (set by calibration): cosine alone never merges, pixels must agree.",
    )
    disabled_rules: tuple[str, ...] = Field((), description="Names of rules in verdicts.py that shall not be applied.")
    max_same_image: int = Field(
        50,
        ge=2,
        description="A file that more records share is a placeholder ('no image'): they are not compared by it.",
    )
    rights_order: tuple[str, ...] = Field(
        RIGHTS_ORDER, description="Rights categories, those that make a better representative first."
    )
    exact_rows: int = Field(2_000_000, ge=1, description="Up to so many records every pruning of the join is by proof.")
    join_margin: float = Field(
        0.5, gt=0, le=1, description="Beyond exact_rows: share of the proven search margin that is kept."
    )
    most_pairs: int = Field(20_000_000, ge=1, description="Bound on the pairs of one run (24 bytes each).")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.hash_same <= self.hash_near <= self.hash_far:
            raise ValueError("hash distances must satisfy hash_same <= hash_near <= hash_far")
        if self.hash_floor is not None and self.hash_floor > self.threshold:
            raise ValueError("hash_floor must not be above threshold")
        return self

    @property
    def lowest_cosine(self) -> float:
        """Image cosine from which pairs are looked at: the foot of the review band."""
        return max(self.threshold - self.review_band, 0.01)

    @property
    def floor_with_hash(self) -> float:
        """Image cosine from which a near-equal hash can make a duplicate."""
        return max(self.threshold - self.review_band / 2, 0.01) if self.hash_floor is None else self.hash_floor
