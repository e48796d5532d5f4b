"""The IIIF source against a real HTTP server: both Presentation APIs, nested and paged collections, and hostile ones."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from local_provider import QUICK, landed, serving

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.records import CleansingContext, cleanse
from heritage_assets.curation.sources import HarvestError, IiifSource, harvest, source_from_config
from heritage_assets.curation.sources import iiif as iiif_module
from heritage_assets.settings import FetchSettings
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class Library:
    """Documents by path (a function of the base address, or an answer); the base address is put in for ``@``."""

    def __init__(self, documents):
        self.documents = documents
        self.base = ""
        self.requests = []

    def answer(self, path, query):
        self.requests.append(path)
        document = self.documents.get(path)
        if document is None:
            return 404, {}, b"not here"
        if isinstance(document, list):
            document = document.pop(0) if len(document) > 1 else document[0]
        if isinstance(document, tuple):
            return document
        return 200, {"Content-Type": "application/ld+json"}, json.dumps(document).replace("@@", self.base).encode()


def canvas2(name, **service):
    image = {"@id": f"@@/images/{name}.tif", "@type": "dctypes:Image", "width": 6000, "height": 4000}
    service = {"@context": "http://iiif.io/api/image/2/context.json", "@id": f"@@/image/{name}"} | service
    return {
        "@id": f"@@/canvas/{name}",
        "@type": "sc:Canvas",
        "label": f"f. {name}",
        "images": [{"@type": "oa:Annotation", "resource": image | {"service": service}}],
    }


def manifest2(name, count, **more):
    canvases = [canvas2(f"{name}-{n}", profile="http://iiif.io/api/image/2/level2.json") for n in range(count)]
    return {
        "@context": "http://iiif.io/api/presentation/2/context.json",
        "@id": f"@@/{name}",
        "@type": "sc:Manifest",
        "label": [{"@value": "Book of Hours", "@language": "en"}, {"@value": "Stundenbuch", "@language": "de"}],
        "description": "Illuminated on vellum",
        "attribution": "The Library",
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "metadata": [
            {"label": "Author", "value": "Master of Z"},
            {"label": [{"@value": "Date", "@language": "en"}], "value": "<span>1450</span>"},
            {"label": "Shelf mark", "value": "MS 17"},
            {"label": "Weather", "value": "fair"},
        ],
        "sequences": [{"@type": "sc:Sequence", "canvases": canvases}],
        "structures": [{"@id": "@@/range"}],
    } | more


def canvas3(name, body=None):
    image = {"id": f"@@/images/{name}.jpg", "type": "Image", "format": "image/jpeg", "width": 3000, "height": 4000}
    image["service"] = [{"id": f"@@/image/{name}", "type": "ImageService3", "profile": "level1"}]
    annotation = {"type": "Annotation", "motivation": "painting", "body": image if body is None else body}
    pages = [{"type": "AnnotationPage", "items": [annotation]}]
    return {"id": f"@@/canvas/{name}", "type": "Canvas", "label": {"none": [name]}, "items": pages}


def manifest3(name, canvases, **more):
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"@@/{name}",
        "type": "Manifest",
        "label": {"en": ["A view of the sea"], "nl": ["Zeegezicht"]},
        "summary": {"en": ["Ships"]},
        "metadata": [
            {"label": {"en": ["Artist"]}, "value": {"none": ["Jan van Goyen"]}},
            {"label": {"de": ["Schlagwörter"], "en": ["Keywords"]}, "value": {"en": ["sea", "ships"], "de": ["Meer"]}},
        ],
        "requiredStatement": {"label": {"en": ["Attribution"]}, "value": {"en": ["Lent by the city"]}},
        "rights": "http://rightsstatements.org/vocab/NoC-NC/1.0/",
        "provider": [{"id": "https://m.org", "type": "Agent", "label": {"en": ["City Museum"]}}],
        "homepage": [{"id": "https://m.org/objects/1", "type": "Text", "format": "text/html"}],
        "thumbnail": [{"id": "@@/thumb.jpg", "type": "Image"}],
        "navDate": "1641-01-01T00:00:00Z",
        "items": canvases,
    } | more


def collection3(name, *items, **more):
    listed = [{"id": f"@@/{item}", "type": "Collection" if item.startswith("c") else "Manifest"} for item in items]
    return {"id": f"@@/{name}", "type": "Collection", "label": {"en": [name]}, "items": listed} | more


@pytest.fixture
def zone(tmp_path):
    return LandingZone(FolderStore(tmp_path))


def run(zone, documents, start, now=NOW, **options):
    library = documents if isinstance(documents, Library) else Library(documents)
    with serving(library.answer) as base:
        library.base = base
        source = IiifSource(f"{base}{start}", politeness=QUICK, **options)
        return harvest(source, zone, dataset="d", now=now), library


def names(zone, manifest):
    return [row["guid"].rpartition("/")[2] for row in landed(zone, manifest.batch)]


def cleansed(zone, manifest, library):
    context = CleansingContext("d", manifest.batch, manifest.format, None, NOW)
    rows = [row for rows in cleanse(zone.read(manifest.batch), context) for row in rows.to_pylist()]
    for row in rows:
        for key in ("guid", "is_shown_by", "iiif_service"):
            row[key] = row[key] and row[key].replace(library.base, "")
    return rows


def test_a_manifest_of_version_2_gives_its_canvases(zone):
    manifest, library = run(zone, {"/m": manifest2("m", 3)}, "/m")
    assert (manifest.format, manifest.complete, manifest.warnings) == ("iiif", True, ())
    first, second, _ = cleansed(zone, manifest, library)
    assert first["guid"] == "/canvas/m-0"
    assert first["title"] == "Book of Hours: f. m-0"
    assert ("de", ["Stundenbuch: f. m-0"]) in first["title_by_language"]
    assert (first["creator"], first["date"], first["year_from"]) == ("Master of Z", "1450", 1450)
    assert first["identifiers"] == ["MS 17"]
    assert first["rights_category"] == "cc_by"
    assert first["description"] == "Illuminated on vellum"
    assert first["is_shown_by"] == "/image/m-0/full/!768,768/0/default.jpg"
    assert second["iiif_service"] == "/image/m-1"
    assert "structures" not in landed(zone, manifest.batch)[0]["raw"]


def test_a_manifest_of_version_3_gives_its_fields(zone):
    manifest, library = run(zone, {"/m": manifest3("m", [canvas3("1")])}, "/m", side=1024)
    (row,) = cleansed(zone, manifest, library)
    assert row["title"] == "A view of the sea", "the label of an only canvas says nothing"
    assert ("nl", ["Zeegezicht"]) in row["title_by_language"]
    assert (row["creator"], row["description"], row["data_provider"]) == ("Jan van Goyen", "Ships", "City Museum")
    assert row["subject"] == ["sea", "ships"]
    assert row["rights"] == "http://rightsstatements.org/vocab/NoC-NC/1.0/"
    assert (row["is_shown_at"], row["year_from"]) == ("https://m.org/objects/1", 1641)
    assert row["is_shown_by"] == "/image/1/full/,1024/0/default.jpg"


def test_a_whole_manifest_can_be_the_record(zone):
    documents = {
        "/c": collection3("c", "m", "n"),
        "/m": manifest3("m", [canvas3("1"), canvas3("2")]),
        "/n": manifest2("n", 2),
    }
    manifest, library = run(zone, documents, "/c", by="manifest")
    rows = cleansed(zone, manifest, library)
    assert [(row["guid"], row["title"]) for row in rows] == [("/m", "A view of the sea"), ("/n", "Book of Hours")]
    assert rows[0]["is_shown_by"] == "/image/1/full/,768/0/default.jpg"


def test_sizes_of_level_0_are_looked_up(zone):
    still = {"profile": "http://iiif.io/api/image/2/level0.json"}
    document = manifest2("m", 0, sequences=[{"canvases": [canvas2("a", **still), canvas2("b", **still)]}])
    sizes = [{"width": width, "height": width * 2 // 3} for width in (150, 900, 6000)]
    documents = {"/m": document, "/image/a/info.json": still | {"sizes": sizes}}
    manifest, library = run(zone, documents, "/m")
    first, second = cleansed(zone, manifest, library)
    assert first["is_shown_by"] == "/image/a/full/900,600/0/default.jpg"
    assert second["is_shown_by"] == "/image/b/full/full/0/default.jpg"


def test_films_and_images_without_a_service(zone):
    film = canvas3("film", {"id": "@@/film.mp4", "type": "Video"})
    plain = canvas3("plain", {"id": "@@/plain.jpg", "type": "Image"})
    manifest, library = run(zone, {"/m": manifest3("m", [film, plain])}, "/m")
    first, second = cleansed(zone, manifest, library)
    assert (first["is_shown_by"], second["is_shown_by"]) == ("/thumb.jpg", "/plain.jpg")


def test_collections_are_followed_into_each_other_and_over_pages(zone):
    inline = {"@type": "sc:Collection", "@id": "@@/inline", "manifests": [{"@id": "@@/m3", "@type": "sc:Manifest"}]}
    documents = {
        "/c": {"@id": "@@/c", "@type": "sc:Collection", "first": "@@/c/1", "total": 3},
        "/c/1": {
            "@id": "@@/c/1",
            "@type": "sc:Collection",
            "members": [{"@id": "@@/c2", "@type": "sc:Collection"}],
            "next": "@@/c/2",
        },
        "/c/2": {"@id": "@@/c/2", "@type": "sc:Collection", "manifests": [{"@id": "/m2"}], "collections": [inline]},
        "/c2": collection3("c2", "m1"),
    } | {f"/m{n}": manifest2(f"m{n}", 2) for n in (1, 2, 3)}
    manifest, _ = run(zone, documents, "/c")
    assert names(zone, manifest) == ["m1-0", "m1-1", "m3-0", "m3-1", "m2-0", "m2-1"]
    assert (manifest.complete, manifest.warnings) == (True, ())


def test_collections_that_lead_to_themselves_end(zone):
    documents = {"/c": collection3("c", "c", "c2", "m"), "/c2": collection3("c2", "c", "m"), "/m": manifest2("m", 1)}
    manifest, library = run(zone, documents, "/c")
    assert (names(zone, manifest), manifest.complete) == (["m-0"], True)
    assert sorted(library.requests) == ["/c", "/c2", "/m"]


def test_depth_and_barren_loops_are_bounded(zone, monkeypatch):
    deep = {f"/c{n}": collection3(f"c{n}", f"c{n + 1}", f"m{n}") for n in range(30)} | {
        f"/m{n}": manifest2(f"m{n}", 1) for n in range(30)
    }
    manifest, _ = run(zone, deep, "/c0")
    assert manifest.records == 10
    assert not manifest.complete
    assert "more than 10 collections deep" in manifest.warnings[0]

    class Endless(Library):
        def answer(self, path, query):
            self.documents[path] = {"@type": "sc:Collection", "@id": path, "next": f"@@{path}x"}
            return super().answer(path, query)

    monkeypatch.setattr(iiif_module, "MAX_BARREN", 20)
    with pytest.raises(HarvestError, match="goes in circles"):
        run(zone, Endless({}), "/c")


def test_what_cannot_be_read_is_a_row_with_a_reason(zone):
    documents = {
        "/c": collection3("c", "gone", "m1", "html", "odd", "list", "forbidden", "m2"),
        "/m1": manifest2("m1", 1),
        "/m2": manifest2("m2", 1, sequences=[]),
        "/html": (200, {}, b"<html>"),
        "/odd": {"type": "AnnotationPage"},
        "/list": (200, {}, b"[1]"),
        "/forbidden": (403, {}, b""),
    }
    manifest, library = run(zone, documents, "/c")
    assert names(zone, manifest) == ["gone", "m1-0", "html", "list", "forbidden"]
    rows = cleansed(zone, manifest, library)
    assert [row["reason"] for row in rows] == ["unreadable", None, "unreadable", "unreadable", "unreadable"]
    assert "HTTP 404" in rows[0]["detail"]
    assert not manifest.complete
    assert manifest.warnings == (
        "3 listed documents could not be read (rejected with a reason)",
        "1 listed document gone (404 or 410)",
        "1 listed document neither manifest nor collection",
        "1 manifest without a canvas",
    )


def test_a_gone_manifest_withdraws_its_canvases(zone):
    documents = {"/c": collection3("c", "m", "n"), "/m": manifest2("m", 2), "/n": manifest2("n", 1)}
    library = Library(documents)
    with serving(library.answer) as base:
        library.base = base
        source = IiifSource(f"{base}/c", politeness=QUICK)
        harvest(source, zone, dataset="d", now=NOW)
        del documents["/m"]
        second = harvest(source, zone, dataset="d", now=NOW + timedelta(days=1))
    assert second.withdrawn == 2
    assert [row["guid"].rpartition("/")[2] for row in landed(zone, second.batch) if row["deleted"]] == ["m-0", "m-1"]


def test_private_addresses_that_a_manifest_names_are_not_asked(zone):
    secret = Library({"/latest/meta-data": manifest2("secret", 1)})
    with serving(secret.answer) as elsewhere:
        secret.base = elsewhere
        hop = (302, {"Location": f"{elsewhere}/latest/meta-data"}, b"")
        listed = [{"@id": f"{elsewhere}/latest/meta-data"}, {"@id": "@@/hop"}, {"@id": "file:///etc/passwd"}]
        documents = {"/c": {"@type": "sc:Collection", "manifests": listed}, "/hop": hop}
        manifest, _ = run(zone, documents, "/c")
        assert secret.requests == []
        assert manifest.records == 2
        assert all("not public" in row["raw"] for row in landed(zone, manifest.batch))
        allowed, _ = run(
            zone, documents, "/c", allowed_networks=FetchSettings(allowed_networks=["127.0.0.0/8"]).allowed_networks
        )
    assert names(zone, allowed) == ["secret-0", "secret-0"]


def test_a_server_that_fails_on_and_on_stops_the_harvest_which_then_goes_on(zone):
    count = 400
    documents = {"/c": collection3("c", *(f"m{n}" for n in range(count)))}
    documents |= {f"/m{n}": manifest2(f"m{n}", 7) for n in range(count)}
    failing = {f"/m{n}": [(503, {}, b"")] * 3 + [documents[f"/m{n}"]] for n in (300, 301, 302)}
    library = Library(documents | failing)
    with serving(library.answer) as base:
        library.base = base
        source = IiifSource(f"{base}/c", politeness=QUICK)
        with pytest.raises(HarvestError, match="what came is kept"):
            harvest(source, zone, dataset="d", now=NOW)
        asked = len(library.requests)
        manifest = harvest(source, zone, dataset="d", now=NOW)
    assert names(zone, manifest) == [f"m{n}-{c}" for n in range(count) for c in range(7)]
    assert len(set(library.requests[asked:])) < 260, "what was stored is not asked for again"
    assert manifest.complete


def test_a_collection_that_changed_is_read_again_from_its_start(zone):
    documents = {"/c": collection3("c", *(f"m{n}" for n in range(9)))} | {
        f"/m{n}": manifest2(f"m{n}", 300) for n in range(9)
    }
    documents |= {f"/m{n}": (503, {}, b"") for n in (6, 7, 8)}
    library = Library(documents)
    with serving(library.answer) as base:
        library.base = base
        source = IiifSource(f"{base}/c", politeness=QUICK)
        with pytest.raises(HarvestError):
            harvest(source, zone, dataset="d", now=NOW)
        documents["/c"] = collection3("c", "m5", "m4")
        manifest = harvest(source, zone, dataset="d", now=NOW)
    assert names(zone, manifest) == [f"m{n}-{c}" for n in (5, 4) for c in range(300)]


@pytest.mark.parametrize(("limit", "complete"), [(3, False), (4, False), (5, False), (6, True), (9, True)])
def test_max_records_cuts_the_listing(zone, limit, complete):
    documents = {"/c": collection3("c", "m", "n"), "/m": manifest2("m", 4), "/n": manifest2("n", 2)}
    manifest, _ = run(zone, documents, "/c", max_records=limit)
    assert (manifest.records, manifest.complete) == (min(limit, 6), complete)


def test_a_start_that_is_no_iiif_is_an_error(zone):
    with pytest.raises(HarvestError, match="neither a IIIF manifest nor a collection"):
        run(zone, {"/x": {"type": "Dataset"}}, "/x")
    with pytest.raises(HarvestError, match="HTTP 404"):
        run(zone, {}, "/x")


def test_settings_say_size_and_networks():
    fetch = FetchSettings(derivative_side=512, allowed_networks=["10.0.0.0/8"])
    entry = {"name": "n", "kind": "iiif", "dataset": "d", "url": "https://example.org/c"}
    source = source_from_config(entry, fetch=fetch)
    assert source.side == 512
    with pytest.raises(HarvestError, match="side unknown"):
        source_from_config(entry | {"side": 5})
    with pytest.raises(HarvestError, match="by 'page' must be one of canvas, manifest"):
        source_from_config(entry | {"by": "page"})
