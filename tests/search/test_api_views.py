"""Records, pictures, overviews, manifests and exports, on a real archive."""

import csv
import io
import json
import shutil
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sample_images
from PIL import Image
from small_archive import COPIES, OBJECTS, open_client, wait_until

from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLEANSED_RECORDS, CLIP_EMBEDDINGS, TABLES
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.search.lake_facts import shown_address
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import text

RECORDS = OBJECTS + len(COPIES) + 2


def test_a_record_tells_everything(get):
    record = get("/api/v1/records/obj-1")
    assert record["card"]["title"] == "Coin of the town, number 1"
    assert record["description"].endswith("über alles schön.")
    assert [card["guid"] for card in record["duplicates"]] == ["copy-1"]
    pair = record["evidence"][0]
    assert {pair["guid_a"], pair["guid_b"]} == {"copy-1", "obj-1"}
    assert pair["verdict"] == "duplicate" and pair["why"]
    assert record["cluster"]["label"]
    assert record["image"]["width"], record["image"]["height"] == (320, 240)
    assert record["image"]["url"] is None  # a file of the server


def test_lineage_names_batch_encoder_and_runs(get):
    lineage = get("/api/v1/records/obj-1")["lineage"]
    assert (lineage["batch"], lineage["source"], lineage["embedding_status"]) == ("museum-1", "csv", "OK")
    assert lineage["encoder"].startswith("clip@")
    assert lineage["prompt"].startswith("Coin of the town")
    runs = {run["asset"]: run for run in lineage["runs"]}
    assert set(runs) == {"cleansed_records", "source_images", "clip_embeddings", "pending_points", "canonical_points"}
    assert runs["clip_embeddings"]["url"].endswith(f"/runs/{runs['clip_embeddings']['run_id']}")


UNKNOWN = (
    *("/api/v1/records/nobody", "/image/nobody", "/api/v1/similar/nobody", "/iiif/record/x/manifest.json"),
    *("/api/v1/duplicates/x", "/iiif/cluster/x/manifest.json", "/api/v1/export/secrets.csv"),
)


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_is_unknown_is_a_problem_that_says_so(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_picture_is_kept_by_its_hash(client, get):
    card = get("/api/v1/records/obj-1")["card"]
    answer = client.get(card["thumbnail"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert max(Image.open(io.BytesIO(answer.content)).size) == 256
    again = client.get(card["thumbnail"], headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" not in client.get("/image/obj-1?size=derivative").headers["cache-control"]
    assert client.get("/image/text-only").status_code == 404


@pytest.mark.parametrize("path", ["/image/../../../etc/passwd", "/image/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/static/../app.py",
                                  "/static/%2e%2e/%2e%2e/settings.py", "/static//etc/passwd", "/image/obj-1%00"])  # fmt: skip
def test_no_path_leaves_the_archive(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"root:" not in answer.content


def test_cards_by_guid(client):
    answer = client.post("/api/v1/cards", json={"guids": ["obj-2", "nobody", "obj-1", "obj-2"]}).json()
    assert [card["guid"] for card in answer["cards"]] == ["obj-2", "obj-1"]
    assert answer["missing"] == ["nobody"]


def test_groups_and_their_evidence(get):
    page = get("/api/v1/duplicates", limit=2)
    assert (page["total"], len(page["groups"]), page["next_offset"]) == (3, 2, 2)
    for group in [*page["groups"], *get("/api/v1/duplicates", offset=2)["groups"]]:
        detail = get(f"/api/v1/duplicates/{group['canonical_id']}")
        assert detail["size"] == len(detail["members"]) == group["size"] == 2
        assert detail["members"][0] == detail["representative"] == group["representative"]
        assert {detail["evidence"][0][name] for name in ("guid_a", "guid_b")} == {
            one["guid"] for one in detail["members"]
        }
    assert get("/api/v1/pairs", a="obj-1", b="copy-1")["same_object"] is True
    assert get("/api/v1/pairs", a="obj-1", b="obj-2")["same_object"] is False


def test_the_map_has_one_place_for_each_object_in_both_formats(client, get):
    columns = get("/api/v1/map")
    rows = len(columns["guid"])
    assert rows == RECORDS - len(COPIES) - 1  # copies share a place, the text has none
    assert {len(columns[name]) for name in ("x", "y", "cluster", "ratio")} == {rows}
    assert set(columns["ratio"]) == {1.33}
    labels = [columns["clusters"][one]["label"] for one in columns["cluster"]]
    assert all(labels)
    answer = client.get("/api/v1/map", params={"format": "arrow"})
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table["guid"].to_pylist() == columns["guid"]
    assert table["x"].to_pylist() == pytest.approx(columns["x"])
    assert len(json.loads(table.schema.metadata[b"clusters"])) == len(columns["clusters"])
    again = client.get("/api/v1/map", headers={"if-none-match": client.get("/api/v1/map").headers["etag"]})
    assert again.status_code == 304


def test_clusters_show_their_exemplar(get):
    clusters = get("/api/v1/clusters")["clusters"]
    assert [one["size"] for one in clusters] == sorted((one["size"] for one in clusters), reverse=True)
    assert all(one["exemplar"]["cluster_id"] == one["cluster_id"] for one in clusters)
    found = get("/api/v1/search", cluster_id=clusters[0]["cluster_id"], collapse=False)
    assert found["total"] >= clusters[0]["size"]


def test_status_counts_batches_and_names_runs(get):
    status = get("/api/v1/status")
    assert status["archive"]["cleansed"] == RECORDS
    assert status["archive"]["points"] == {"pending": 0, "validated": RECORDS}
    (batch,) = status["batches"]
    assert (batch["batch"], batch["images"]["OK"], batch["points"]["validated"]) == ("museum-1", RECORDS - 1, RECORDS)
    assert {run["state"] for run in status["runs"]} == {"SUCCESS"}
    assert {run["job"] for run in status["runs"]} == {"record_chain", "clustering"}
    assert status["running"] is False
    assert status["vector_store"]["state"] == status["encoder"]["state"] == "ready"


@pytest.mark.parametrize("kind", ["record", "group", "cluster"])
def test_manifests_have_a_canvas_for_each_record(client, get, kind):
    group = get("/api/v1/duplicates")["groups"][0]
    cluster = get("/api/v1/clusters")["clusters"][0]["cluster_id"]
    identity, canvases = {
        "record": ("obj-1", 1),
        "group": (group["canonical_id"], group["size"]),
        "cluster": (cluster, get("/api/v1/search", cluster_id=cluster)["total"]),
    }[kind]
    answer = client.get(f"/iiif/{kind}/{identity}/manifest.json")
    manifest = answer.json()
    assert (
        answer.headers["content-type"] == 'application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"'
    )
    assert manifest["id"] == f"http://testserver/iiif/{kind}/{identity}/manifest.json"
    assert len(manifest["items"]) == canvases
    addresses = [one["id"] for one in manifest["items"]]
    assert len(set(addresses)) == len(addresses)
    for canvas in manifest["items"]:
        (painting,) = canvas["items"][0]["items"]
        assert painting["target"] == canvas["id"]
        body = painting["body"]
        picture = Image.open(io.BytesIO(client.get(body["id"]).content))
        assert picture.size == (body["width"], body["height"])
        assert canvas["rights"] == "http://creativecommons.org/publicdomain/mark/1.0/"


def test_a_record_without_image_has_an_empty_canvas(get):
    (canvas,) = get("/iiif/record/text-only/manifest.json")["items"]
    assert canvas["items"][0]["items"] == []


def test_exports_hold_the_whole_table(client, archive):
    lake = Platform(archive).lake
    for table in (CANONICAL_RECORDS, CLEANSED_RECORDS, CLIP_EMBEDDINGS):
        answer = client.get(f"/api/v1/export/{table.name}.parquet")
        assert f'filename="{table.name}.parquet"' in answer.headers["content-disposition"]
        assert pq.read_table(io.BytesIO(answer.content)).equals(lake.read(table))
    lines = client.get("/api/v1/export/cleansed_records.jsonl").text.splitlines()
    assert len(lines) == RECORDS
    rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/export/cleansed_records.csv").text)))
    assert {row["guid"] for row in rows} == {json.loads(line)["guid"] for line in lines}
    assert client.get("/api/v1/export/cleansed_records.csv?batch=none").text.count("\n") == 1
    assert client.get("/api/v1/export/clusters.csv?batch=x").status_code == 404


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_search_is_exported_as_it_is_shown(client, get, form):
    question = {"q": "coin", "country": "Italy"}
    shown = get("/api/v1/search", **question, limit=100)["results"]
    answer = client.get(f"/api/v1/export/search.{form}", params=question)
    assert f'filename="search_results.{form}"' in answer.headers["content-disposition"]
    if form == "parquet":
        rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    else:
        rows = list(csv.DictReader(io.StringIO(answer.text))) if form == "csv" else _json_lines(answer)
    assert [row["guid"] for row in rows] == [hit["guid"] for hit in shown]
    assert [int(row["place"]) for row in rows] == list(range(1, len(shown) + 1))
    assert [float(row["score"]) for row in rows] == pytest.approx([hit["score"] for hit in shown])


def test_an_export_of_everything_holds_every_object_and_takes_pictures(client, get):
    rows = _json_lines(client.get("/api/v1/export/search.jsonl"))
    assert len({row["guid"] for row in rows}) == len(rows) == get("/api/v1/search")["total"]
    upload = {"image": ("x.jpg", sample_images.jpeg(2), "image/jpeg")}
    found = client.post("/api/v1/export/search.jsonl", files=upload, data={"guids": "obj-2\nobj-7"})
    assert [row["guid"] for row in _json_lines(found)] == ["obj-2", "obj-7"]
    assert client.get("/api/v1/export/search.xml").status_code in (404, 422)


def _json_lines(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


def test_status_tells_the_tables_and_no_path_of_the_server(get, archive):
    lake = Platform(archive).lake
    told = get("/api/v1/status")["lake"]
    assert {one["table"]: (one["version"], one["rows"]) for one in told["tables"]} == {
        table.name: (lake.version(table), lake.count(table))
        for table in TABLES.values()
        if lake.version(table) is not None
    }
    assert str(archive.home) not in json.dumps(told)
    assert shown_address("s3://key:secret@heritage/tables") == "s3://heritage/tables"


def test_the_document_describes_every_route(client):
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert {"/api/v1/search", "/api/v1/review", "/image/{guid}", "/search_similar", "/metrics"} <= set(
        document["paths"]
    )
    assert "Problem" in document["components"]["schemas"]


def test_metrics_count_by_route(client):
    client.get("/api/v1/records/obj-1")
    text = client.get("/metrics").text
    assert 'heritage_requests_total{method="GET",route="/api/v1/records/{guid:path}",status="200"}' in text
    assert f"heritage_records {RECORDS}.0" in text


def test_metrics_show_the_chain(client, get):
    status = get("/api/v1/status")
    lines = client.get("/metrics").text.splitlines()
    archive = status["archive"]
    assert f'heritage_chain_records{{outcome="landed"}} {archive["landed"]}.0' in lines
    assert f'heritage_chain_images{{status="OK"}} {archive["images"]["OK"]}.0' in lines
    assert f'heritage_chain_points{{status="validated"}} {archive["points"]["validated"]}.0' in lines
    assert "heritage_chain_vector_store_up 1.0" in lines
    ended = [line for line in lines if line.startswith("heritage_chain_run_ended_timestamp_seconds{")]
    assert any('state="SUCCESS"' in line for line in ended)


def test_metrics_of_requests_outlive_the_tables(client, monkeypatch):
    def gone(*_):
        raise OSError("the lake is away")

    monkeypatch.setattr(client.app.state.heritage.board, "_versions", gone)
    text = client.get("/metrics").text
    assert "heritage_requests_total" in text
    assert "heritage_chain_records" not in text


def test_the_application_says_that_it_lives(client):
    assert client.get("/healthz").json() == {"status": "alive"}


def test_what_its_provider_withdrew_is_gone(archive, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(archive.home, home, ignore=shutil.ignore_patterns("endpoint.*", "*.lock"))
    settings = archive.model_copy(update={"home": home})
    lake = Platform(settings).lake
    row = lake.read(CLEANSED_RECORDS, where=text("guid") == "obj-1").to_pylist()[0]
    tombstone = row | {"batch": "museum-2", "withdrawn": True, "harvested_at": row["harvested_at"] + timedelta(days=1)}
    lake.replace_batch(CLEANSED_RECORDS, "museum-2", [pa.RecordBatch.from_pylist([tombstone], CLEANSED_RECORDS.schema)])
    with open_client(settings) as client:
        wait_until(lambda: client.get("/api/v1/records/obj-2").status_code == 200)
        for path in ("/api/v1/records/obj-1", "/image/obj-1"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
            assert "withdrawn by its provider" in answer.json()["detail"]
    stop_endpoint(home)
