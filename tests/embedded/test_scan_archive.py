"""The generated archive of scans: what it promises to hold, and that its truth is the truth."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from heritage_assets.embedded.scan_archive import plan_archive, write_archive
from heritage_assets.embedded.scan_archive.drawing import draw_page
from heritage_assets.embedded.scan_archive.plan import KINDS
from heritage_assets.embedded.scan_archive.scanner import scan


@pytest.fixture(scope="module")
def archive():
    return plan_archive()


def test_holds_what_is_asked_of_it(archive):
    pages = Counter(page.kind for document in archive.documents for page in document.pages)
    defects = Counter(shot.defect for shot in archive.shots)
    assert len(archive.shots) >= 600
    assert len(archive.documents) >= 120
    assert {document.kind for document in archive.documents} == set(KINDS)
    assert min(pages[kind] for kind in ("cover", "blank", "table", "foldout", "flyer", "letter_first", "back")) >= 5
    assert min(defects[one] for one in ("black", "rotated", "truncated", "cut_file", "colour_card", "ruler")) >= 1
    assert len({document.style.face for document in archive.documents}) >= 5
    assert len({document.style.paper for document in archive.documents}) >= 10


def test_every_page_is_scanned_once_and_mostly_in_order(archive):
    scanned = Counter((shot.document.name, shot.position) for shot in archive.shots if shot.document)
    there = {(document.name, at) for document in archive.documents for at in range(1, len(document.pages) + 1)}
    assert set(scanned) == there
    assert set(scanned.values()) == {1}
    assert [shot.name for shot in archive.shots] == sorted(shot.name for shot in archive.shots)
    pairs = [(a, b) for a, b in pairwise(archive.shots) if a.document is b.document]
    turned = [pair for pair in pairs if pair[0].document and pair[1].position < pair[0].position]
    assert 3 <= len(turned) < len(pairs) / 10
    names = [shot.document.name if shot.document else shot.name for shot in archive.shots]
    runs = sum(a != b for a, b in pairwise(names)) + 1
    assert runs > len(set(names)), "some page strayed into another document"


def test_the_same_seed_makes_the_same_archive(archive):
    assert plan_archive() == archive
    assert plan_archive(seed=7) != archive
    with pytest.raises(ValueError, match="share"):
        plan_archive(0.0)


def test_truth_is_written_and_a_broken_run_goes_on(tmp_path):
    small = plan_archive(0.02)
    scans = write_archive(small, tmp_path, processes=1)
    with (tmp_path / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["scan"] for row in rows] == sorted(path.name for path in scans.glob("*.jpg"))
    assert {row["group"] for row in rows if not row["group"].startswith("nothing-")} == {
        document.name for document in small.documents
    }
    first = scans / rows[0]["scan"]
    kept, data = scans / rows[1]["scan"], first.read_bytes()
    before = kept.stat().st_mtime_ns
    first.unlink()
    told: list[tuple[int, int]] = []
    write_archive(small, tmp_path, processes=1, drawn=lambda done, total: told.append((done, total)))
    assert first.read_bytes() == data
    assert kept.stat().st_mtime_ns == before
    assert told == [(len(rows), len(rows))]
    write_archive(plan_archive(0.02, seed=5), tmp_path, processes=1)
    assert first.read_bytes() != data, "another plan keeps no scan of this one"


def test_defects_look_as_they_are_called(archive):
    shot = next(one for one in archive.shots if one.document and one.document.kind == "minutes" and not one.defect)

    def drawn(defect: str | None) -> np.ndarray:
        with Image.open(io.BytesIO(scan(replace(shot, defect=defect)))) as image:
            return np.asarray(image.convert("RGB"), np.int16)

    good = drawn(None)
    assert 950 <= good.shape[0] <= 1_050
    assert drawn("black").mean() < 12
    assert drawn("rotated").shape[:2] == good.shape[1::-1]
    last = drawn("truncated")[-200:]
    assert np.ptp(last) <= 2
    assert drawn("colour_card").shape[1] > good.shape[1] + 100
    with pytest.raises(OSError, match="truncated"):
        drawn("cut_file")


def test_blank_pages_are_blank_and_foldouts_are_wide(archive):
    report = next(one for one in archive.documents if any(page.kind == "foldout" for page in one.pages))
    kinds = [page.kind for page in report.pages]
    foldout, text = (draw_page(report, kinds.index(kind) + 1) for kind in ("foldout", "text"))
    blank = np.asarray(draw_page(report, 2).convert("L"), np.float32)
    assert foldout.width > 1.8 * text.width
    assert np.asarray(text.convert("L"), np.float32).std() > 2 * blank.std()
