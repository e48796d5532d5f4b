"""The report of an evaluation shows the worst errors, and nothing that a title says can act in it."""

import numpy as np
import pytest

from heritage_assets.curation.duplicates.evaluation import evaluate_pairs
from heritage_assets.curation.duplicates.judged import JudgedPair
from heritage_assets.search.duplicate_errors import Scores, Side, WrongPair
from heritage_assets.search.duplicate_report import report_html

HOSTILE = "<script>alert(1)</script>\"' onerror=x & </title>"


def report(thumbnail=b"\xff\xd8", scores=(0.99,)):
    side = Side(HOSTILE, {"title": HOSTILE}, thumbnail)
    other = Side("a; rm -rf b", {}, None)
    judged = JudgedPair(0.981, None, 6, HOSTILE, "duplicate", "same_picture")
    wrong = WrongPair("false_merge", (side, other), judged, HOSTILE)
    found = evaluate_pairs({"a": "1", "b": "1"}, {"a": "1", "b": "2"})
    measured = Scores(np.array(scores), np.array([]), 0.98)
    return report_html(found, measured, [wrong], archive=HOSTILE, encoder=HOSTILE)


def test_everything_from_outside_is_escaped():
    page = report()
    assert "<script" not in page and "onerror=x &amp;" in page
    assert page.count("</title>") == 2  # the page's own, and the tip of the one bar
    assert "default-src 'none'" in page and "http://" not in page and "https://" not in page
    assert "&#x27;a; rm -rf b&#x27;" in page  # quoted for the shell, then for HTML


def test_it_says_what_is_wrong_and_why():
    page = report()
    assert "Wrongly together (1 shown)" in page and "Wrongly apart (0 shown)" in page
    assert "image cosine 0.9810" in page and "hash distance 6" in page and "text cosine –" in page
    assert "data:image/jpeg;base64,/9g=" in page and "no picture" in page


@pytest.mark.parametrize("scores", [(), (1.0,), (-1.0, 0.5), (1.0000001,)])
def test_any_scores_can_be_drawn(scores):
    assert "<h2>Scores</h2>" in report(scores=scores)
