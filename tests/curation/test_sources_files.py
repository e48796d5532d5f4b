"""Sources that are files and folders, with what real and hostile ones hold."""

import gzip
import io
import json
import os
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.mapping import RecordMapping, load_mapping
from heritage_assets.curation.sources import (
    CsvSource,
    DirectorySource,
    EdmSource,
    HarvestError,
    JsonlSource,
    harvest,
    source_from_config,
)
from heritage_assets.curation.sources.edm_documents import split_document, xml_text
from heritage_assets.curation.sources.tables import find_delimiter, find_encoding
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
BY_ID = RecordMapping.parse({"guid": "id"})


def records(source, state=None):
    return [record for page in source.pages(state) for record in page.records]


# -- JSON Lines -----------------------------------------------------------------------------------------------------


def test_jsonl_lands_every_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "a", "n": NaN}\n\n{"id": 2}\r\nnot json\n[1, 2]\n{"id": "\xe9"}\n'
        + b'{"x": "%b"}' % (b"y" * 11_000_000)
    )
    source = JsonlSource(path, BY_ID)
    landed = records(source)
    assert [record.guid for record in landed] == ["a", "2", None, None, None, None]
    assert landed[0].raw == {"id": "a", "n": None}
    assert [landed[2].raw, landed[3].raw] == ["not json", "[1, 2]"]
    assert landed[5].raw["oversized"] is True
    assert landed[5].raw["size_bytes"] == 11_000_009
    assert source.complete
    assert source.warnings == ["3 lines hold no JSON object", "1 line above 10,485,760 bytes"]


def test_jsonl_reads_gzip_by_content(tmp_path):
    path = tmp_path / "records.json"
    path.write_bytes(gzip.compress(b'{"id": 1}\n{"id": 2}'))
    assert [record.guid for record in records(JsonlSource(path, BY_ID))] == ["1", "2"]


def test_jsonl_that_is_cut_off_is_an_error(tmp_path):
    path = tmp_path / "records.jsonl.gz"
    lines = "".join(json.dumps({"id": number, "x": os.urandom(20).hex()}) + "\n" for number in range(5_000))
    path.write_bytes(gzip.compress(lines.encode())[:-500])
    with pytest.raises(HarvestError, match="after line"):
        records(JsonlSource(path, BY_ID))


def test_an_image_beside_a_jsonl_file_is_found(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"id": 1, "image": "pictures/1.jpg"}\n')
    source = JsonlSource(path, RecordMapping.parse({"guid": "id", "is_shown_by": "image"}))
    shown = source.mapping.apply(records(source)[0].raw)["is_shown_by"]
    assert shown == (tmp_path / "pictures" / "1.jpg").as_uri()
    assert source.image_root == str(tmp_path)


# -- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_encoding_are_found(tmp_path, encoding, delimiter):
    path = tmp_path / "a.csv"
    titles = ["Müller, Köln; 1850", 'Die "Große" | Straße', "Ölgemälde\nzweite Zeile", "Äpfel, für den König; süß"]
    rows = ["id" + delimiter + "title"]
    rows += [f'{number}{delimiter}"' + title.replace('"', '""') + '"' for number, title in enumerate(titles)]
    path.write_bytes("\r\n".join(rows).encode(encoding))
    landed = records(CsvSource(path, columns={"guid": "id", "title": "title"}))
    assert [record.raw for record in landed] == [
        {"id": str(number), "title": title} for number, title in enumerate(titles)
    ]


def test_ragged_rows_keep_everything(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,title,title,\n1,a,b,c\n2\n\n3,a,b,c,d,e\n")
    source = CsvSource(path, columns={"guid": "id"})
    assert [record.raw for record in records(source)] == [
        {"id": "1", "title": "a", "title (3)": "b", "column 4": "c"},
        {"id": "2"},
        {"id": "3", "title": "a", "title (3)": "b", "column 4": "c", "_extra": ["d", "e"]},
    ]
    assert source.warnings == [
        "1 row with more cells than the header (kept under _extra)",
        "1 row with fewer cells than the header",
    ]


def test_a_quote_that_is_never_closed_becomes_one_marked_record(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,title\n1,fine\n2,"open' + ("x" * 99 + "\n") * 110_000)
    landed = records(CsvSource(path, columns={"guid": "id"}))
    assert landed[0].raw == {"id": "1", "title": "fine"}
    assert landed[1].raw["oversized"] is True
    assert "row 2" in landed[1].raw["detail"]


def test_missing_columns_are_named_with_what_is_there(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("inv_no,name\n1,x\n")
    with pytest.raises(HarvestError, match=r"no column 'id' \(for guid\); it has inv_no, name"):
        CsvSource(path, columns={"guid": "id"})
    with pytest.raises(HarvestError, match="inv_no, name"):
        CsvSource(path)
    with pytest.raises(HarvestError, match="no target field"):
        CsvSource(path, columns={"guid": "inv_no", "colour": "name"})


def test_common_columns_are_guessed_and_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ID;Title;image\n7;Sea;p/7.png\n")
    source = CsvSource(path)
    assert source.mapping.apply(records(source)[0].raw) == {
        "guid": "7",
        "title": "Sea",
        "is_shown_by": (tmp_path / "p" / "7.png").as_uri(),
    }
    assert "guessed" in source.warnings[0]


def test_options_go_over_a_mapping(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    source = CsvSource(path, mapping=RecordMapping.parse({"guid": "a", "title": "a"}), columns={"title": "b"})
    assert source.mapping.apply({"a": "1", "b": "2"}) == {"guid": "1", "title": "2"}


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "empty"),
        (b" \n\n", {}, "empty"),
        (b"id\n1\n", {"encoding": "klingon"}, "unknown encoding"),
        (b"id\n1\n", {"delimiter": "ab"}, "one character"),
    ],
)
def test_unusable_tables_are_refused(tmp_path, content, options, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(HarvestError, match=message):
        CsvSource(path, columns={"guid": "id"}, **options)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_csv_source(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(b"id,title\n" + content)
    source = CsvSource(path, columns={"guid": "id"})
    landed = records(source)
    assert all(isinstance(record.raw, dict) for record in landed)


def test_late_bytes_decide_the_encoding(tmp_path):
    path = tmp_path / "a.csv"
    text = "id,title\n" + "1,plain\n" * 60_000 + "2,Käthe Kollwitz: Köpfe von Müttern\n"
    path.write_bytes(text.encode("cp1252"))
    assert find_encoding(path) != "utf-8"
    assert records(CsvSource(path))[-1].raw["title"] == "Käthe Kollwitz: Köpfe von Müttern"


def test_delimiters_inside_quotes_do_not_mislead():
    assert find_delimiter('a;b\n"x, y, z";1\n"1, 2, 3";2\n') == ";"
    assert find_delimiter("only\none\n") == ","


# -- folders --------------------------------------------------------------------------------------------------------


def picture(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6)).save(path, **options)


def test_a_folder_lands_its_images_sorted(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "A harbour\0junk"
    exif[0x013B] = "Ann"
    exif.get_ifd(0x8769)[0x9003] = "1999:05:03 10:00:00"
    picture(tmp_path / "b" / "ü 1.JPG", exif=exif)
    picture(tmp_path / "a.png")
    picture(tmp_path / "b" / "c" / "x#y.webp")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe1\x00\x10Exif\0\0garbage")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.jpg").write_bytes(b"")
    source = DirectorySource(tmp_path)
    landed = records(source)
    assert [record.guid for record in landed] == ["a.png", "b/c/x#y.webp", "b/ü 1.JPG", "broken.jpg"]
    raw = landed[2].raw
    assert raw["folders"] == ["b"]
    assert raw["size_bytes"] == (tmp_path / "b" / "ü 1.JPG").stat().st_size
    assert source.mapping.apply(raw) == {
        "guid": "b/ü 1.JPG",
        "creator": "Ann",
        "description": "A harbour",
        "date": "1999:05:03 10:00:00",
        "is_shown_by": (tmp_path / "b" / "ü 1.JPG").as_uri(),
    }
    assert "exif_error" in landed[3].raw
    assert source.warnings == ["1 file left out: no image by its suffix .txt"]
    assert source.reported_total == 4


def test_links_out_of_the_folder_are_refused(tmp_path):
    outside = tmp_path / "outside"
    picture(outside / "secret.png")
    root = tmp_path / "root"
    picture(root / "a.png")
    (root / "inside.png").symlink_to(root / "a.png")
    (root / "out.png").symlink_to(outside / "secret.png")
    (root / "broken.png").symlink_to(root / "nothing")
    (root / "folder").symlink_to(outside)
    source = DirectorySource(root)
    assert [record.guid for record in records(source)] == ["a.png", "inside.png"]
    assert sorted(source.warnings) == [
        "1 file left out: broken link",
        "1 file left out: link that leads out of the folder",
        "1 file left out: link to a folder",
    ]


def test_names_that_are_not_unicode_still_land(tmp_path):
    picture(tmp_path / "a.png")
    os.rename(os.fsencode(tmp_path / "a.png"), os.fsencode(tmp_path) + b"/\xff.png")  # noqa: PTH104
    source = DirectorySource(tmp_path)
    (landed,) = records(source)
    assert landed.guid == "\\xff.png"
    assert landed.raw["is_shown_by"].endswith("/%FF.png")
    assert source.fingerprint()


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(HarvestError, match="no images"):
        records(DirectorySource(tmp_path))
    with pytest.raises(HarvestError, match="No such file"):
        DirectorySource(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(HarvestError, match="no folder"):
        DirectorySource(tmp_path / "file")


# -- EDM ------------------------------------------------------------------------------------------------------------

HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:edm="http://www.europeana.eu/schemas/edm/" '
    'xmlns:ore="http://www.openarchives.org/ore/terms/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:skos="http://www.w3.org/2004/02/skos/core#">'
)


def edm(*guids):
    parts = [
        f'<edm:ProvidedCHO rdf:about="{guid}"><dc:title>Bücher {guid}</dc:title><dc:subject rdf:resource="c/{guid}"/>'
        f'<edm:isNextInSequence rdf:resource="{guids[0]}"/></edm:ProvidedCHO>'
        f'<ore:Aggregation rdf:about="a/{guid}"><edm:aggregatedCHO rdf:resource="{guid}"/>'
        f'<edm:isShownBy rdf:resource="http://x/{guid}.jpg"/></ore:Aggregation>'
        f'<edm:WebResource rdf:about="http://x/{guid}.jpg"/>'
        f'<skos:Concept rdf:about="c/{guid}"><skos:broader rdf:resource="c/all"/></skos:Concept>'
        for guid in guids
    ]
    return (
        HEAD
        + "".join(parts)
        + '<skos:Concept rdf:about="c/all"><skos:prefLabel>All</skos:prefLabel></skos:Concept></rdf:RDF>'
    )


def test_a_document_of_one_object_lands_untouched(tmp_path):
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- x -->' + edm("one")
    (tmp_path / "a.xml").write_text(text)
    (landed,) = records(EdmSource(tmp_path / "a.xml"))
    assert (landed.guid, landed.raw) == ("one", text)


def test_a_document_of_several_objects_is_split_with_all_that_belongs_to_each(tmp_path):
    (tmp_path / "a.xml").write_text(edm("one", "two", "three"))
    landed = records(EdmSource(tmp_path))
    assert [record.guid for record in landed] == ["one", "two", "three"]
    abouts = [
        [node.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about") for node in etree.fromstring(record.raw)]
        for record in landed
    ]
    assert abouts[1] == ["two", "a/two", "http://x/two.jpg", "c/two", "c/all"]
    assert [split for split, _ in split_document(landed[1].raw.encode())] == ["two"]


def test_wrapped_records_are_taken_out(tmp_path):
    pages = f"<OAI-PMH><record>{edm('one')}</record><record>{edm('two')}</record></OAI-PMH>"
    (tmp_path / "a.xml").write_text(pages)
    assert [record.guid for record in records(EdmSource(tmp_path))] == ["one", "two"]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "utf-8", "windows-1252"])
def test_the_declared_encoding_is_respected(encoding):
    data = f'<?xml version="1.0" encoding="{encoding}"?>{edm("é")}'.encode(encoding)
    text = xml_text(data)
    assert "Bücher é" in text
    assert etree.fromstring(text.encode("utf-8")) is not None, "the text must parse as the UTF-8 that it is stored as"
    assert [guid for guid, _ in split_document(data)] == ["é"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<a><b></a>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b"\xff\xfe<",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>',
        b"<a>" * 5_000,
    ],
)
def test_malformed_and_hostile_xml_lands_as_text(data):
    ((guid, text),) = split_document(data)
    assert guid is None
    assert "root:" not in text


@given(st.binary(max_size=200))
def test_no_bytes_break_the_splitting(data):
    assert len(list(split_document(data))) == 1


def test_archives_are_read_and_tricks_refused(tmp_path):
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b/two.xml", edm("two"))
        archive.writestr("a/one.xml", edm("one"))
        archive.writestr("../evil.xml", edm("evil"))
        archive.writestr("/etc/evil.xml", edm("evil"))
        archive.writestr("c:\\evil.xml", edm("evil"))
        archive.writestr("readme.txt", "no record")
        archive.writestr("bomb.xml", b" " * 30_000_000)
    source = EdmSource(tmp_path)
    landed = records(source)
    assert [record.guid for record in landed] == ["one", "two", None]
    assert landed[2].raw["oversized"] is True
    assert "bomb" in landed[2].raw["detail"]
    assert len(source.warnings) == 3
    assert all("refused" in warning for warning in source.warnings)


def test_an_archive_that_lies_about_sizes_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("heritage_assets.curation.sources.edm.MAX_DOCUMENT_BYTES", 1_000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", edm("x") * 3)
    (landed,) = records(EdmSource(path))
    assert landed.raw["oversized"] is True


def test_damaged_archives(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", edm("one"))
        archive.writestr("b.xml", edm("two"))
    data = bytearray(buffer.getvalue())
    data[200] ^= 0xFF  # inside of the first member: its checksum fails
    (tmp_path / "a.zip").write_bytes(data)
    landed = records(EdmSource(tmp_path / "a.zip"))
    assert landed[0].raw["unreadable"] is True
    assert "a.xml" in landed[0].raw["detail"]
    assert landed[1].guid == "two"
    (tmp_path / "a.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(HarvestError, match="no zip archive"):
        records(EdmSource(tmp_path / "a.zip"))


def test_edm_goes_on_inside_of_a_document(tmp_path):
    (tmp_path / "a.xml").write_text(edm(*(f"g{number}" for number in range(450))))
    (tmp_path / "b.xml").write_text(edm("last"))
    whole = list(EdmSource(tmp_path).pages(None))
    assert len(whole) == 3
    resumed = list(EdmSource(tmp_path).pages(whole[0].state))
    assert resumed == whole[1:]


# -- configuration --------------------------------------------------------------------------------------------------


def test_sources_come_from_configuration(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n1,x\n")
    (tmp_path / "m.yaml").write_text("guid: id\ntitle: name\n")
    entry = {"name": "mine", "kind": "csv", "dataset": "d", "path": "a.csv", "mapping": "m.yaml"}
    source = source_from_config(entry, folder=tmp_path)
    assert source.mapping.apply(records(source)[0].raw) == {"guid": "1", "title": "x"}
    inline = source_from_config(entry | {"mapping": {"guid": "id"}}, folder=tmp_path)
    assert inline.mapping.guid == "id"
    europeana = source_from_config({"kind": "europeana", "dataset": "d", "query": "*", "qf": ["TYPE:IMAGE"]})
    assert europeana.qf == ["TYPE:IMAGE"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "marc"}, "must be one of europeana, oai-pmh, iiif, edm, csv"),
        ({"paht": "x"}, "paht unknown; kind jsonl takes path, mapping"),
        ({"mapping": None}, "mapping missing"),
        ({"mapping": "nowhere.yaml"}, "no mapping 'nowhere.yaml'"),
        ({"mapping": {"title": "x"}}, "'guid' is missing"),
        ({"path": "nowhere"}, "can't be read"),
        ({"kind": "europeana", "query": "*", "path": None, "mapping": None, "key": "x"}, "key"),
    ],
)
def test_wrong_configuration_is_explained(tmp_path, change, message):
    (tmp_path / "a.jsonl").write_text("{}")
    entry = {"name": "mine", "kind": "jsonl", "dataset": "d", "path": "a.jsonl", "mapping": {"guid": "id"}} | change
    with pytest.raises(HarvestError, match=message) as caught:
        source_from_config(entry, folder=tmp_path)
    assert "source mine" in str(caught.value)


# -- real data ------------------------------------------------------------------------------------------------------


def land(source, tmp_path):
    zone = LandingZone(FolderStore(tmp_path))
    manifest = harvest(source, zone, dataset="real", now=NOW)
    landed = [row for rows in zone.read(manifest.batch) for row in rows.to_pylist()]
    assert len(landed) == manifest.records
    assert manifest.complete
    return landed


def test_all_tate_records_land(shared_data, tmp_path):
    path = shared_data / "tate" / "artworks-sample.jsonl.gz"
    landed = land(JsonlSource(path, load_mapping("tate")), tmp_path)
    with gzip.open(path) as file:
        assert [json.loads(row["raw"]) for row in landed] == [json.loads(line) for line in file]
    assert len({row["guid"] for row in landed}) == 5_000


def test_all_edm_files_land(shared_data, tmp_path):
    landed = land(EdmSource(shared_data / "europeana_edm"), tmp_path)
    files = sorted((shared_data / "europeana_edm").glob("*.xml"))
    assert [row["raw"] for row in landed] == [path.read_text("utf-8-sig") for path in files]
    assert sum(row["guid"] is None for row in landed) == 4  # 2 malformed, 1 without a provided object, 1 misspelt


def test_all_captioned_images_land(shared_data, tmp_path):
    source = CsvSource(
        shared_data / "captioned_images" / "records.csv",
        columns={"guid": "id", "title": "title", "is_shown_by": "image"},
    )
    landed = land(source, tmp_path)
    assert len({row["guid"] for row in landed}) == 400
    shown = source.mapping.apply(json.loads(landed[0]["raw"]))["is_shown_by"]
    assert shown == (shared_data.resolve() / "captioned_images" / "images" / "stone_56.png").as_uri()


def test_all_near_duplicates_land(shared_data, tmp_path):
    landed = land(DirectorySource(shared_data / "near_duplicates"), tmp_path)
    assert len({row["guid"] for row in landed}) == 82
