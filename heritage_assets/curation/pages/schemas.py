"""The tables of pages and documents, and the record batches that the methods of grouping take and return.

Belongs here: names, columns, types, keys, and what a column means. Does not belong here: how it is computed."""

from __future__ import annotations

import pyarrow as pa

from heritage_assets.curation.schemas import STRINGS, TIMESTAMP, VECTOR, TableSpec

PAGE_FEATURES = TableSpec(
    "page_features",
    pa.schema(
        [
            ("guid", pa.string()),
            ("batch", pa.string()),
            ("dataset", pa.string()),
            ("scan", pa.string()),
            ("sequence", pa.string()),
            ("status", pa.string()),
            ("reason", pa.string()),
            ("image_sha256", pa.string()),
            ("encoder", pa.string()),
            ("made_by", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("perceptual_hash", pa.string()),
            ("defects", STRINGS),
            ("skew", pa.float32()),
            ("embedding_page", VECTOR),
            ("embedding_detail", VECTOR),
            ("layout", VECTOR),
            ("colour", VECTOR),
            ("measures", VECTOR),
            ("ocr_text", pa.string()),
            ("ocr_language", pa.string()),
            ("ocr_confidence", pa.float32()),
            ("ocr_engine", pa.string()),
            ("page_number", pa.string()),
            ("running_head", pa.string()),
            ("font_size", pa.float32()),
            ("embedding_text", VECTOR),
            ("computed_at", TIMESTAMP),
        ]
    ),
    ("guid", "batch"),
)
"""One row for each image row of a batch. ``scan``: name people know it by (relative path, or the guid). ``sequence``: text whose
natural order (``page_9`` before ``page_10``) is the scanning order. ``status``: OK or FAILED with ``reason`` (the scan keeps
its place in the stream). ``made_by``: version of the features and of the OCR; other versions are computed again.

``defects``: any of blank, black, rotated, truncated, colour_card, ruler. ``skew``: degrees, counter-clockwise.
``embedding_page``: the whole page, unit length. ``embedding_detail``: mean of squares of the page at twice the resolution and
more, unit length. ``layout``, ``colour``: signatures, see :mod:`.signatures`. ``measures``: the scalars of :data:`MEASURES`,
in order. ``ocr_*``, ``page_number`` (as printed), ``running_head``, ``font_size`` (median height of a text line, in
thousandths of the height of the page) and ``embedding_text`` are null where nothing was read; ``embedding_text`` also where
the encoder has no text."""

MEASURES = (
    "log_aspect",
    "log_area",
    "paper_l",
    "paper_a",
    "paper_b",
    "ground_l",
    "ground_a",
    "ground_b",
    "ink_l",
    "ink_share",
    "margin_left",
    "margin_top",
    "margin_right",
    "margin_bottom",
    "line_pitch",
    "columns",
    "contrast",
)
"""Scalars of a page: logarithms of width / height and of the area of the original; CIE Lab of the paper, of the ground at the
edges and lightness of the ink; share of ink; margins, pitch of text lines as shares of the page's sides; number of text
columns; spread of lightness."""

GROUPS = pa.schema(
    [
        ("guid", pa.string()),
        ("scan", pa.string()),
        ("place", pa.int64()),
        ("group", pa.string()),
        ("position", pa.int32()),
        ("starts", pa.bool_()),
        ("confidence", pa.float32()),
        ("membership", pa.float32()),
        ("confirmed", pa.bool_()),
        ("defects", STRINGS),
    ]
)
"""What a method returns, one row a scan, by ``place``.

``place``: 0-based place in scanning order. ``group``: id of the document, ``doc-`` and 12 hexadecimal digits over its first
scan; a confirmed document keeps the id of its decision. ``position``: 1-based page of the document. ``starts``: a document
starts here (the cut lies before this scan). ``confidence``: probability, 0 to 1, that the verdict before this scan (cut or no
cut) is right; the first scan's is 1. Doubt is 1 - ``confidence``. ``membership``: how well the scan fits its document, 0 to
1. ``confirmed``: by a person."""

PAGE_GROUPS = TableSpec(
    "page_groups",
    pa.schema([("dataset", pa.string()), ("run", pa.string()), *GROUPS]),
    ("dataset", "run", "guid"),
    partitioned=False,
)
"""Proposed documents. ``run`` names dataset, settings, features and truth of one grouping; see PAGE_RUNS."""

PAGE_RUNS = TableSpec(
    "page_runs",
    pa.schema(
        [
            ("run", pa.string()),
            ("dataset", pa.string()),
            ("method", pa.string()),
            ("settings", pa.string()),
            ("encoder", pa.string()),
            ("features", pa.string()),
            ("model", pa.string()),
            ("scans", pa.int64()),
            ("groups", pa.int64()),
            ("confirmed", pa.int64()),
            ("seconds", pa.float64()),
            ("grouped_at", TIMESTAMP),
        ]
    ),
    ("run",),
    partitioned=False,
)
"""One row a run. ``run``: ``<method>-<10 hexadecimal digits>`` over dataset and settings: grouping again with the same settings
replaces the run's rows. ``settings``: JSON. ``features``: JSON, the state of the features that were read. The run that people see
is the one with the newest ``grouped_at`` of its dataset."""

PAGE_DECISIONS = TableSpec(
    "page_decisions",
    pa.schema(
        [
            ("decision_id", pa.string()),
            ("dataset", pa.string()),
            ("decision", pa.string()),
            ("document", pa.string()),
            ("guids", STRINGS),
            ("title", pa.string()),
            ("run", pa.string()),
            ("reviewer", pa.string()),
            ("note", pa.string()),
            ("undoes", pa.string()),
            ("decided_at", TIMESTAMP),
        ]
    ),
    ("decision_id",),
    partitioned=False,
)
"""Append-only: what people decided. ``decision``:

- ``confirm``: ``guids`` are all pages of the document ``document``, in their order. It holds until undone, or until a later
  ``confirm`` names one of its pages (the page moves; what is left of the older document stays confirmed).
- ``cut``: the two ``guids`` belong to different documents. ``join``: all ``guids`` belong to one document (others may too).
  The latest about the same pages wins; a confirmed document outranks both.
- ``undo``: takes back the decision that ``undoes`` names.

``title`` is what a person gave the confirmed document; ``run`` the proposal that they looked at."""

PAGE_GROUP_EVALUATION = TableSpec(
    "page_group_evaluation",
    pa.schema(
        [
            ("run", pa.string()),
            ("dataset", pa.string()),
            ("truth", pa.string()),
            ("part", pa.string()),
            ("scans", pa.int64()),
            ("groups", pa.int64()),
            ("true_groups", pa.int64()),
            ("boundary_precision", pa.float64()),
            ("boundary_recall", pa.float64()),
            ("boundary_f1", pa.float64()),
            ("pair_precision", pa.float64()),
            ("pair_recall", pa.float64()),
            ("pair_f1", pa.float64()),
            ("bcubed_precision", pa.float64()),
            ("bcubed_recall", pa.float64()),
            ("bcubed_f1", pa.float64()),
            ("panoptic_quality", pa.float64()),
            ("adjusted_rand", pa.float64()),
            ("drags", pa.int64()),
            ("evaluated_at", TIMESTAMP),
        ]
    ),
    ("run", "truth", "part"),
    partitioned=False,
)
"""Figures of a run against a truth (``truth``: sha256 of its CSV, 16 digits; ``part``: all, or tune / test of a sweep)."""

PAGE_TABLES: tuple[TableSpec, ...] = (
    PAGE_FEATURES,
    PAGE_GROUPS,
    PAGE_RUNS,
    PAGE_DECISIONS,
    PAGE_GROUP_EVALUATION,
)
