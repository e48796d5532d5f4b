"""Raw records of a small museum, and how its provider serves their images."""

from __future__ import annotations

import hostile_provider as hp
import sample_images as samples

from heritage_assets.curation.images import Reason
from heritage_assets.curation.mapping import RecordMapping

Row = dict[str, object] | str
"""A record as its provider has it; a string is a line that is no JSON."""

MAPPING = RecordMapping.parse(
    {
        "guid": "id",
        "title": "title",
        "creator": "creator",
        "subject": "subject",
        "type": "type",
        "description": "description",
        "language": {"value": "en"},
        "provider": "provider",
        "rights": "rights",
        "date": "date",
        "is_shown_by": "image",
    }
)

PROBLEMS: dict[str, tuple[hp.Behaviour, Reason]] = {
    "missing": (hp.status(404), Reason.NOT_FOUND),
    "forbidden": (hp.status(403), Reason.FORBIDDEN),
    "web-page": (hp.image(samples.HTML), Reason.HTML_INSTEAD_OF_IMAGE),
    "drawing": (hp.image(samples.SVG, "image/svg+xml"), Reason.UNSUPPORTED_MEDIA_TYPE),
    "nothing": (hp.image(b""), Reason.NOT_AN_IMAGE),
    "truncated": (hp.image(samples.jpeg()[:-3000]), Reason.TRUNCATED),
    "bomb": (hp.image(samples.bomb_png(), "image/png"), Reason.TOO_MANY_PIXELS),
    "endless": (hp.endless, Reason.TOO_LARGE),
    "loop": (hp.redirect("/loop"), Reason.TOO_MANY_REDIRECTS),
    "private": (hp.redirect("http://10.0.0.1/secret"), Reason.BLOCKED_ADDRESS),
    "broken": (hp.status(503), Reason.SERVER_ERROR),
    "limited": (hp.status(429), Reason.RATE_LIMITED),
    "cut": (hp.reset_midway, Reason.INCOMPLETE_BODY),
    "garbage": (hp.garbage, Reason.PROTOCOL_ERROR),
}
"""What can be wrong with an image, with the reason that its row must give."""

IMAGES = 40
ROUTES: dict[str, hp.Behaviour] = {
    **{f"object-{number}.jpg": hp.image(samples.jpeg(number)) for number in range(IMAGES)},
    **{
        f"copy-{number}.jpg": hp.image(samples.encoded(samples.picture(number), "JPEG", quality=72))
        for number in range(IMAGES)
    },
    **{name: behaviour for name, (behaviour, _) in PROBLEMS.items()},
    "recovering.jpg": hp.after(1, hp.status(503), hp.image(samples.jpeg(90))),
}


def museum_object(number: int, image: str | None = None, **changes: object) -> dict[str, object]:
    """One record; its image is its own picture unless another path (or "") is named."""
    kind = ("painting", "coin", "map")[number % 3]
    return {
        "id": f"obj-{number}",
        "title": f"{kind.title()} number {number}",
        "creator": f"Master {number % 4}",
        "subject": [kind, "museum"],
        "type": kind,
        "description": f"A {kind} from room {number % 5}.",
        "provider": "Town Museum",
        "rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "date": str(1800 + number),
        "image": f"object-{number}.jpg" if image is None else image,
        **changes,
    }


def copy_of(number: int, **changes: object) -> dict[str, object]:
    """The same object as another provider shows it: re-encoded image, same description."""
    return museum_object(number, f"copy-{number}.jpg", id=f"copy-{number}", provider="Other Museum", **changes)


def first_batch() -> list[Row]:
    """Ten objects, two copies, a record without image; then a repeated record, one without guid, and a broken line."""
    rows: list[Row] = [museum_object(number) for number in range(10)]
    rows += [copy_of(1), copy_of(2), museum_object(20, "", id="text-only")]
    rows += [museum_object(3), museum_object(21, id=""), "{this is no JSON"]
    return rows


def second_batch() -> list[Row]:
    """The next harvest of the same museum: object 4 is described anew, objects 5 and 6 and copy 2 are gone, six are new."""
    kept: list[Row] = [museum_object(number) for number in range(10) if number not in (4, 5, 6)]
    return [
        *kept,
        museum_object(4, title="Attributed anew", creator="Master 9"),
        copy_of(1),
        museum_object(20, "", id="text-only"),
        *(museum_object(number) for number in range(10, 15)),
        copy_of(3),
    ]


def problem_batch() -> list[Row]:
    """Three good objects among one of each problem."""
    good: list[Row] = [museum_object(number) for number in range(30, 33)]
    return good + [museum_object(40 + number, name, id=f"bad-{name}") for number, name in enumerate(PROBLEMS)]
