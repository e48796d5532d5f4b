"""Documents of scanned pages over the API: read, decided, exported."""

from __future__ import annotations

import io
import re
import uuid

import pytest
from iiif_rules import broken_rules
from page_proposals import propose_documents
from PIL import Image
from scans_home import FIRST, SECOND, scans_home
from small_archive import open_client

from heritage_assets.curation.pages.verdicts import group_id
from heritage_assets.search.api.details import document_ref
from heritage_assets.search.pdf import opened_once, write_pdf
from heritage_assets.stores.connect import Platform


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    keys = [{"name": "Anna", "role": "reviewer", "key": "r" * 20}, {"name": "Ben", "role": "reader", "key": "b" * 20}]
    with open_client(scans_home(tmp_path_factory.mktemp("scans")), api_keys=keys) as opened:
        opened.headers["authorization"] = f"Bearer {'r' * 20}"
        yield opened


def listed(client, **params):
    return client.get("/api/v1/documents", params=params).json()


def decide(client, decision, guids=(), **more):
    body = {"decision_id": uuid.uuid4().hex, "dataset": "scans", "decision": decision, "guids": list(guids), **more}
    return client.post("/api/v1/documents/decisions", json=body)


def test_documents_are_listed_and_shown_in_order(client):
    answer = listed(client)
    assert [one["pages"] for one in answer["documents"]] == [3, 3, 2]
    assert answer["datasets"][0] | {"run": ""} == {
        "dataset": "scans", "run": "", "scans": 8, "documents": 3, "confirmed": 0, "open": 7,
    }  # fmt: skip
    second = answer["documents"][1]
    detail = client.get(f"/api/v1/documents/{second['document']}").json()
    assert [page["guid"] for page in detail["pages_in_order"]] == SECOND
    assert [page["position"] for page in detail["pages_in_order"]] == [1, 2, 3]
    assert (detail["before"], detail["after"]) == tuple(answer["documents"][k]["document"] for k in (0, 2))
    state = client.app.state.heritage
    found = document_ref(state, state.keeper.snapshot, "scans", "page-5")
    assert (found["document"], found["dataset"]) == (second["document"], "scans")
    assert (found["position"], found["pages"], found["title"]) == (3, 3, "scans: page-4")
    assert document_ref(state, state.keeper.snapshot, "other", "page-5") is None
    assert client.get("/api/v1/documents/doc-000000000000").status_code == 404
    assert client.get("/api/v1/documents", params={"dataset": "nowhere"}).status_code == 404
    doubtful = [one["doubt"] for one in listed(client, sort="doubt")["documents"]]
    assert doubtful == sorted(doubtful, reverse=True)
    assert client.get("/api/v1/meta").json()["documents"] == 1


def test_the_filmstrip_starts_where_doubt_is_greatest(client):
    strip = client.get("/api/v1/filmstrip", params={"dataset": "scans", "reach": 1}).json()
    assert (strip["boundaries"][0]["before"], strip["boundaries"][0]["after"]) == ("page-3", "page-4")
    assert [scan["guid"] for scan in strip["scans"]] == ["page-3", "page-4", "page-lost"]
    assert strip["scans"][0]["thumbnail"]
    assert strip["scans"][2]["thumbnail"] is None
    assert strip["scans"][1]["doubt"] == pytest.approx(0.4)
    first = client.get("/api/v1/filmstrip", params={"dataset": "scans", "around": 0}).json()["scans"][0]
    assert (first["place"], first["doubt"]) == (0, None)


def test_a_manifest_and_a_pdf_have_all_pages_in_order(client):
    name = listed(client)["documents"][1]["document"]
    made = client.get(f"/iiif/document/{name}/manifest.json").json()
    assert broken_rules(made) == []
    assert [canvas["id"].rpartition("/")[2] for canvas in made["items"]] == SECOND
    answer = client.get(f"/api/v1/documents/{name}/document.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF") and answer.content.rstrip().endswith(b"%%EOF")
    assert answer.content.count(b"/Type /Page\n") + answer.content.count(b"/Type /Page>") >= 1
    assert answer.content.count(b"/Type /XObject") == 3
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_an_id_that_two_datasets_have_is_found_in_the_one_that_is_named(tmp_path):
    settings = scans_home(tmp_path)
    propose_documents(Platform(settings).lake, "copies", [SECOND[:2], SECOND[2:]])
    with open_client(settings) as client:
        name = group_id(SECOND[0])
        several = client.get(f"/api/v1/documents/{name}")
        assert (several.status_code, several.json()["code"]) == (409, "several_datasets")
        assert "copies, scans" in several.json()["detail"]
        for dataset, pages in (("scans", SECOND), ("copies", SECOND[:2])):
            one = client.get(f"/api/v1/documents/{name}", params={"dataset": dataset}).json()
            assert (one["dataset"], [page["guid"] for page in one["pages_in_order"]]) == (dataset, pages)
            made = client.get(one["manifest"]).json()
            assert made["id"].endswith(one["manifest"])
            assert [canvas["id"].rpartition("/")[2] for canvas in made["items"]] == pages
            assert client.get(one["pdf"]).content.count(b"/Type /XObject") == len(pages)
        assert client.get(f"/api/v1/documents/{name}", params={"dataset": "nowhere"}).status_code == 404
        alone = group_id(SECOND[2])
        assert client.get(f"/api/v1/documents/{alone}").json()["dataset"] == "copies"


def test_only_reviewers_decide_and_two_at_once_do_no_harm(client):
    name = listed(client)["documents"][0]["document"]
    detail = client.get(f"/api/v1/documents/{name}").json()
    reader = {"authorization": f"Bearer {'b' * 20}"}
    body = {"decision_id": uuid.uuid4().hex, "dataset": "scans", "decision": "confirm", "guids": FIRST}
    assert client.post("/api/v1/documents/decisions", json=body, headers=reader).status_code == 403
    cut = decide(client, "cut", FIRST[:2], expects=[detail["tag"]])
    assert cut.status_code == 201
    assert cut.json()["reviewer"] == "Anna"
    late = decide(client, "confirm", FIRST, expects=[detail["tag"]])
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert [one["pages"] for one in listed(client)["documents"]] == [1, 2, 3, 2]
    assert decide(client, "undo", undoes=cut.json()["decision_id"]).status_code == 201
    assert client.get(f"/api/v1/documents/{name}").json()["tag"] == detail["tag"]
    confirmed = decide(client, "confirm", FIRST, title="Three objects", expects=[detail["tag"]])
    shown = listed(client, show="confirmed")["documents"]
    assert [(one["title"], one["document"]) for one in shown] == [("Three objects", name)]
    assert decide(client, "cut", FIRST[:2]).json()["code"] == "confirmed_already"
    assert decide(client, "confirm", ["nowhere"]).status_code == 404
    assert decide(client, "confirm", FIRST, document="../x").status_code == 422
    assert decide(client, "undo", undoes=confirmed.json()["decision_id"]).status_code == 201


def test_a_pdf_of_many_pages_keeps_their_order_and_lost_pictures_their_place(tmp_path):
    def picture(key: str) -> bytes:
        if key == "lost":
            raise KeyError(key)
        buffer = io.BytesIO()
        Image.new("RGB", (100 + int(key), 80), "white").save(buffer, "JPEG")
        return buffer.getvalue()

    keys = [*map(str, range(20)), "lost", None, *map(str, range(22, 40))]
    path = tmp_path / "x.pdf"
    assert write_pdf(path, keys, picture, "Forty pages") == 40
    widths = [int(one) for one in re.findall(rb"/Width (\d+)", path.read_bytes())]
    assert widths == [*range(100, 120), 600, 600, *range(122, 140)]
    size, pieces = opened_once(path)
    assert not path.exists()
    assert len(b"".join(pieces)) == size
    with pytest.raises(ValueError, match="without pages"):
        write_pdf(path, [], picture, "Nothing")
