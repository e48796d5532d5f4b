"""Sizes asked of IIIF image services: never the full scan where a smaller one is served, never what a level can't do."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.iiif import image_service, painted, painted_image, service_of, sized_image_url

BASE = "https://example.org/iiif/1"
V2 = "http://iiif.io/api/image/2/level{}.json"


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, "full/!768,768/0/default.jpg"),
        ({"profile": V2.format(2)}, "full/!768,768/0/default.jpg"),
        (
            {"profile": [V2.format(2), {"formats": ["png"]}], "width": 6000, "height": 4000},
            "full/!768,768/0/default.jpg",
        ),
        ({"profile": V2.format(1)}, "full/768,/0/default.jpg"),
        ({"profile": V2.format(1), "width": 4000, "height": 6000}, "full/,768/0/default.jpg"),
        ({"profile": [V2.format(1), {"supports": ["sizeByConfinedWh"]}]}, "full/!768,768/0/default.jpg"),
        ({"profile": V2.format(2), "width": 500, "height": 400}, "full/full/0/default.jpg"),
        ({"profile": "level2", "type": "ImageService3", "width": 500, "height": 400}, "full/max/0/default.jpg"),
        ({"profile": "level2", "width": "500", "height": "400"}, "full/max/0/default.jpg"),
        ({"profile": "level1", "extraFeatures": ["sizeByConfinedWh"]}, "full/!768,768/0/default.jpg"),
        ({"profile": "level2", "maxWidth": 400, "width": 9000, "height": 900}, "full/!400,400/0/default.jpg"),
        ({"profile": "level2", "maxArea": 250_000, "width": 4000, "height": 4000}, "full/!500,500/0/default.jpg"),
        ({"profile": V2.format(0)}, "full/full/0/default.jpg"),
        ({"profile": "level0", "@context": "http://iiif.io/api/image/3/context.json"}, "full/max/0/default.jpg"),
        (
            {"profile": "level0", "sizes": [{"width": w, "height": w // 2} for w in (3200, 400, 800, 1600)]},
            "full/800,400/0/default.jpg",
        ),
        (
            {"profile": V2.format(0), "sizes": [{"width": 90, "height": 60}, "x", {"width": -1}]},
            "full/90,60/0/default.jpg",
        ),
        (
            {"profile": "http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level2"},
            "full/!768,768/0/native.jpg",
        ),
    ],
)
def test_the_size_fits_level_version_and_limits(info, expected):
    assert sized_image_url(f"{BASE}/info.json", 768, info=info) == f"{BASE}/{expected}"


def test_the_profile_alone_is_enough():
    assert sized_image_url(BASE, 768, profile=V2.format(1)).endswith("/768,/0/default.jpg")


NUMBERS = st.one_of(st.integers(-5, 40_000), st.floats(), st.just("600"), st.none(), st.booleans(), st.text(max_size=3))
INFO = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.one_of(st.sampled_from(["level0", "level1", "level2", *map(V2.format, (0, 1, 2))]), st.text()),
        "width": NUMBERS,
        "height": NUMBERS,
        "maxWidth": NUMBERS,
        "maxArea": NUMBERS,
        "sizes": st.lists(st.fixed_dictionaries({"width": NUMBERS, "height": NUMBERS}), max_size=4),
    },
)


@settings(deadline=None)
@given(INFO, st.integers(1, 4096))
def test_any_description_gives_one_sound_request(info, side):
    asked = sized_image_url(BASE, side, info=info)
    found = re.fullmatch(rf"{BASE}/full/(full|max|!?\d*,\d*)/0/(?:default|native)\.jpg", asked)
    assert found
    numbers = [int(number) for number in re.findall(r"\d+", found[1])]
    if found[1].startswith("!") or "," not in found[1][1:-1]:
        assert all(1 <= number <= side for number in numbers), "a box is never larger than what is needed"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "@id", "type", "items", "images", "resource", "body", "service", "source", "default", "profile"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["items", "images", "service", "id", "profile"]), JSON))
def test_no_json_breaks_the_reading(node):
    list(painted(node))
    image_service(node)
    service_of(node)


def test_choices_give_their_default_and_services_of_other_kinds_are_passed_over():
    image = {
        "@id": "https://x.org/a.jpg",
        "@type": "dctypes:Image",
        "service": [
            {"@id": "https://x.org/auth", "profile": "http://iiif.io/api/auth/1/login"},
            {"@context": "http://iiif.io/api/image/2/context.json", "@id": BASE, "profile": V2.format(2)},
        ],
    }
    old = {
        "images": [{"resource": {"@type": "oa:Choice", "default": image, "item": [{"@id": "https://x.org/uv.jpg"}]}}]
    }
    assert painted_image(old) == image
    assert service_of(image)["@id"] == BASE
    body = {"type": "Choice", "items": [{"id": "https://x.org/1.jpg", "type": "Image"}, {"id": "https://x.org/2.jpg"}]}
    new = {"items": [{"items": [{"motivation": "painting", "body": body}]}]}
    assert painted_image(new)["id"] == "https://x.org/1.jpg"
    comment = {"items": [{"items": [{"motivation": "commenting", "body": {"id": "https://x.org/1.jpg"}}]}]}
    assert painted_image(comment) is None
