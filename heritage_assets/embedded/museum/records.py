"""Records as providers hold them: which thing, in whose words, with which image file, in which harvest round."""

from __future__ import annotations

from dataclasses import dataclass, field

from heritage_assets.embedded.museum.objects import MuseumObject
from heritage_assets.embedded.museum.people import Provider
from heritage_assets.embedded.museum.scans import Scan

OK = ("OK", "")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a record, and what a platform should make of it.

    ``status``: of its image (OK, NO_IMAGE, FAILED) for faults of images; CLEANSED, REPEATED or REJECTED for faults of
    metadata. ``reason``: the reason that goes with FAILED, NO_IMAGE or REJECTED, else empty.
    """

    name: str
    status: str
    reason: str = ""


IMAGE_FAULTS: dict[str, tuple[Fault, float]] = {
    "dead_link": (Fault("dead_link", "FAILED", "not_found"), 0.007),
    "gone": (Fault("gone", "FAILED", "gone"), 0.003),
    "forbidden": (Fault("forbidden", "FAILED", "forbidden"), 0.003),
    "html_page": (Fault("html_page", "FAILED", "html_instead_of_image"), 0.005),
    "html_as_jpeg": (Fault("html_as_jpeg", "FAILED", "html_instead_of_image"), 0.003),
    "truncated": (Fault("truncated", "FAILED", "truncated"), 0.005),
    "bomb": (Fault("bomb", "FAILED", "too_many_pixels"), 0.003),
    "no_image": (Fault("no_image", "NO_IMAGE", "no_image_url"), 0.01),
    "wrong_content_type": (Fault("wrong_content_type", *OK), 0.006),
    "rate_limited": (Fault("rate_limited", *OK), 0.004),
    "slow": (Fault("slow", *OK), 0.003),
    "flapping": (Fault("flapping", *OK), 0.004),
}
"""Name -> fault and its share of the records."""

METADATA_FAULTS: dict[str, tuple[Fault, float]] = {
    "html_and_entities": (Fault("html_and_entities", "CLEANSED"), 0.01),
    "mojibake": (Fault("mojibake", "CLEANSED"), 0.008),
    "control_characters": (Fault("control_characters", "CLEANSED"), 0.006),
    "placeholder_title": (Fault("placeholder_title", "CLEANSED"), 0.01),
    "plain_strings": (Fault("plain_strings", "CLEANSED"), 0.01),
    "untyped_lists": (Fault("untyped_lists", "CLEANSED"), 0.01),
    "string_language_map": (Fault("string_language_map", "CLEANSED"), 0.01),
    "repeated": (Fault("repeated", "REPEATED"), 0.004),
    "missing_guid": (Fault("missing_guid", "REJECTED", "no_guid"), 0.003),
}


@dataclass(frozen=True)
class ProviderRecord:
    """One record of one provider.

    Attributes:
        guid: Europeana form, ``/dataset/provider_localid``.
        collection: dataset number, the first part of the guid.
        thing: the true object.
        inventory: the provider's inventory number.
        scan: its image file; None where the record names no image.
        rounds: the harvest rounds in which the provider lists it.
        faults: faults of its image and of its metadata.
        language: language of the metadata; ``second_language`` also has a title, or is "".
        revised: in round 2 the provider has changed "metadata" or "image", or nothing ("").
    """

    guid: str
    collection: str
    thing: MuseumObject
    provider: Provider
    inventory: str
    scan: Scan | None
    language: str
    rights: str
    date: str
    second_language: str = ""
    rounds: frozenset[int] = frozenset({1, 2})
    revised: str = ""
    suffix: str = ""
    image_fault: str = ""
    metadata_fault: str = ""
    path: str = field(default="")

    @property
    def local_id(self) -> str:
        """The guid without the dataset number."""
        return self.guid.rsplit("/", 1)[1]

    def scan_in(self, number: int) -> Scan | None:
        """Return the image file of a harvest round: a revised image is a new, brighter digitisation."""
        if self.scan is not None and self.revised == "image" and number >= 2:
            from dataclasses import replace

            return replace(self.scan, quality=95, edits=("resized",), strength=0.0)
        return self.scan
