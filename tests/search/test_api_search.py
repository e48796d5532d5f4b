"""Searching through the API, on a real archive."""

import numpy as np
import pytest
import sample_images
from small_archive import COPIES, OBJECTS, SCRIPT

from heritage_assets.stores.connect import Platform


def guids(answer):
    return [hit["guid"] for hit in answer["results"]]


def test_a_text_finds_what_the_encoder_finds(get, archive):
    from heritage_assets.search.service import SearchService

    found = get("/api/v1/search", q="a coin of the town", collapse=False, limit=40)
    expected = SearchService(Platform(archive)).search("a coin of the town", limit=40)
    assert {hit["guid"]: hit["score"] for hit in found["results"]} == pytest.approx(
        {hit.guid: hit.score for hit in expected}, abs=1e-5
    )
    assert {hit["match"] for hit in found["results"]} == {"vector"}
    assert found["total"] == OBJECTS + len(COPIES) + 2


@pytest.mark.parametrize("text", ["Inv. 1905/5-a", "inv 1905 5 A", "INV.1905/5A", "obj-5", "OBJ 5", '"Inv. 1905/5-a"'])
def test_an_inventory_number_comes_first(get, text):
    first = get("/api/v1/search", q=text)["results"][0]
    assert (first["guid"], first["match"]) == ("obj-5", "identifier")


def test_a_phrase_in_quotation_marks_comes_before_what_is_near(get):
    found = get("/api/v1/search", q='"letter without a picture"')["results"]
    assert (found[0]["guid"], found[0]["match"]) == ("text-only", "phrase")
    assert found[1]["match"] == "vector"


def test_copies_collapse_to_the_representative_unless_a_filter_hides_it(get):
    every = get("/api/v1/search", q="number 1", limit=50)
    assert len(set(guids(every))) == len(every["results"]) == every["total"]
    groups = [hit for hit in every["results"] if hit["copies"] > 1]
    assert {hit["copies"] for hit in groups} == {2}
    assert all(hit["is_representative"] for hit in groups)
    other = get("/api/v1/search", q="number 1", provider="Town Museum", limit=50)
    assert {"obj-1", "obj-2", "obj-3"} <= set(guids(other))
    assert get("/api/v1/search", q="number 1", collapse=False, limit=50)["total"] == every["total"] + len(COPIES)


def test_pages_join_without_gap_or_repetition(get):
    whole = guids(get("/api/v1/search", q="town", limit=50))
    paged, offset = [], 0
    while offset is not None:
        page = get("/api/v1/search", q="town", limit=7, offset=offset)
        paged += guids(page)
        offset = page["next_offset"]
    assert paged == whole


def test_filters_hold_and_alternatives_widen(get):
    italian = get("/api/v1/search", q="map", country="Italy", limit=50)["results"]
    assert italian and {hit["country"] for hit in italian} == {"Italy"}
    both = get("/api/v1/search", q="map", country=["Italy", "Germany"], limit=50)["results"]
    assert {hit["country"] for hit in both} == {"Italy", "Germany"}
    years = get("/api/v1/search", year_from=1830, year_to=1840)["results"]
    assert sorted(hit["year"] for hit in years) == [1830, 1833, 1836, 1839]
    assert guids(get("/api/v1/search", year_from=1840, year_to=1830)) == guids(
        get("/api/v1/search", year_from=1830, year_to=1840)
    )
    assert get("/api/v1/search", embedding_status="NO_IMAGE")["results"][0]["guid"] == "text-only"


@pytest.mark.parametrize("filters", [{}, {"country": "Italy"}, {"type": ["map", "coin"]}, {"subject": "coin;town"}])
def test_browsing_agrees_with_the_vector_store(get, archive, filters):
    listed = get("/api/v1/search", **filters, collapse=False, limit=50)
    store = Platform(archive).vectors
    assert set(guids(listed)) == {point["id_object"] for point in store.scroll(filters)}
    assert listed["total"] == store.count(filters)


def test_sorting_orders_years_and_titles(get):
    years = [hit["year"] for hit in get("/api/v1/search", sort="-year", limit=50)["results"]]
    assert years.pop() is None  # what has no year comes last
    assert years == sorted(years, reverse=True)
    titles = [hit["title"] for hit in get("/api/v1/search", q="coin", sort="title", limit=50)["results"]]
    assert titles == sorted(titles)


def test_facets_count_what_a_search_would_find(get):
    facets = get("/api/v1/facets", country="Italy", type="map")
    for field in ("country", "type", "provider", "data_provider"):
        for one in facets["fields"][field]:
            chosen = {"country": "Italy", "type": "map", field: one["value"]}
            assert get("/api/v1/search", **chosen, collapse=False)["total"] == one["count"]
    assert facets["total"] == get("/api/v1/search", country="Italy", type="map", collapse=False)["total"]
    assert {one["value"] for one in facets["fields"]["country"]} == {"Italy", "Germany"}
    assert sum(one["count"] for one in get("/api/v1/facets")["years"]) == OBJECTS + len(COPIES) + 1


@pytest.mark.parametrize("filters", [{}, {"country": "Italy"}, {"year_from": 1820, "year_to": 1860}])
def test_counts_hold_under_a_lasso(client, filters):
    drawn = [f"obj-{number}" for number in range(4, 24)]
    facets = client.post("/api/v1/facets", data={**filters, "guids": "\n".join(drawn)}).json()
    assert 0 < facets["total"] <= len(drawn)
    for field in ("data_provider", "country", "cluster_id", "embedding_status"):
        for one in facets["fields"][field]:
            chosen = {**filters, field: str(one["value"]), "guids": "\n".join(drawn), "collapse": "false"}
            found = client.post("/api/v1/search", data=chosen).json()
            assert found["total"] == one["count"] and set(guids(found)) <= set(drawn)
    assert facets["years"] and min(facets["years"], key=lambda one: one["value"])["value"] >= 1800


def test_a_lasso_of_thousands_is_taken_and_one_of_too_many_told(client):
    many = "\n".join(["obj-1", *(f"nobody-{number}" for number in range(4_990))])
    assert guids(client.post("/api/v1/search", data={"guids": many, "q": "coin"}).json()) == ["obj-1"]
    refused = client.post("/api/v1/facets", data={"guids": many + "\nx" * 10})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_filter")


def test_an_uploaded_picture_finds_itself_and_its_copy(client):
    upload = {"image": ("x.jpg", sample_images.jpeg(2), "image/jpeg")}
    answer = client.post("/api/v1/search", files=upload, data={"collapse": "false", "limit": "2"})
    assert {hit["guid"] for hit in answer.json()["results"]} == {"obj-2", "copy-2"}
    assert answer.json()["results"][0]["score"] == pytest.approx(1, abs=1e-3)
    limited = client.post("/api/v1/search", files=upload, data={"guid": ["obj-7", "obj-8"]})
    assert {hit["guid"] for hit in limited.json()["results"]} == {"obj-7", "obj-8"}


def test_weight_moves_from_text_to_image(client, get):
    upload = {"image": ("x.jpg", sample_images.jpeg(2), "image/jpeg")}
    order = {}
    for weight in ("0", "1"):
        form = {"q": "a letter", "weight": weight, "limit": "50"}
        order[weight] = [
            hit["guid"] for hit in client.post("/api/v1/search", files=upload, data=form).json()["results"]
        ]
    assert order["1"][0] in ("obj-2", "copy-2")
    assert order["0"] != order["1"]


def test_likes_alone_together_and_with_unlikes(get):
    alone = guids(get("/api/v1/search", like="obj-4", limit=5))
    assert "obj-4" not in alone
    assert alone == [hit["guid"] for hit in get("/api/v1/similar/obj-4", limit=5)["results"]]
    several = guids(get("/api/v1/search", like=["obj-4", "obj-6"], unlike="obj-9", limit=50))
    assert not {"obj-4", "obj-6", "obj-9"} & set(several)
    with_text = get("/api/v1/search", like="obj-4", q="a map", limit=5)
    assert len(with_text["results"]) == 5
    assert get("/api/v1/search", unlike="obj-9", limit=3)["results"][0]["score"] < 0


def test_similar_gives_reasons_that_are_true(get, archive):
    store = Platform(archive).vectors
    answer = get("/api/v1/similar/obj-4", by="combined", limit=5)
    own = get("/api/v1/records/obj-4")["card"]
    for hit in answer["results"]:
        vectors = store.vectors(["obj-4", hit["guid"]], "embedding_image")
        if hit["image_cosine"] is not None:
            assert hit["image_cosine"] == pytest.approx(float(vectors["obj-4"] @ vectors[hit["guid"]]), abs=1e-5)
        for trait in hit["shared"]:
            if trait["field"] not in ("subject", "cluster"):
                assert hit[trait["field"]] == own[trait["field"]] == trait["value"]


def test_a_vector_of_ones_own_is_searched_as_the_store_does(client, archive):
    store = Platform(archive).vectors
    vector = store.vectors(["obj-3"], "embedding_image")["obj-3"]
    body = {"vector": [float(one) for one in vector], "limit": 6}
    answer = client.post("/api/v1/search/vector", json=body).json()
    direct = store.search(vector, "embedding_image", 6)
    assert [hit["guid"] for hit in answer["results"]] == [hit.guid for hit in direct]
    assert np.allclose([hit["score"] for hit in answer["results"]], [hit.score for hit in direct], atol=1e-6)
    wrong = client.post("/api/v1/search/vector", json={**body, "vector": [1.0, 2.0]})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "other_dimension")


def test_search_similar_speaks_the_small_contract(client):
    upload = {"image": ("x.jpg", sample_images.jpeg(3), "image/jpeg")}
    cosines = client.post("/search_similar?top_k=3&format=map", files=upload).json()
    assert len(cosines) == 3
    assert {"obj-3", "copy-3"} <= set(cosines)
    assert max(cosines.values()) == pytest.approx(1, abs=1e-3)
    hits = client.post("/search_similar?top_k=3", files=upload).json()["results"]
    assert {hit["guid"]: hit["score"] for hit in hits} == pytest.approx(cosines)


def test_hostile_metadata_travel_as_plain_json(get):
    card = get("/api/v1/records/hostile")["card"]
    assert card["title"].startswith(SCRIPT[:30])
    assert get("/api/v1/search", q="../../etc/passwd")["results"][0]["guid"] == "hostile"


@pytest.mark.parametrize(
    "text", ["", "   ", '""', '"', "NEAR(", "title:", "* OR *", "\x00", "ﷺ" * 300, "'; DROP TABLE words; --", "\ud7ff"]
)
def test_no_text_breaks_the_word_index(client, text):
    answer = client.get("/api/v1/search", params={"q": text})
    assert answer.status_code == 200, answer.text


def test_a_ranking_ends_where_it_is_said_to(client, get):
    answer = get("/api/v1/search", q="coin", offset=4_990, limit=50)
    assert answer["results"] == [] and "deep" in answer["hint"]
