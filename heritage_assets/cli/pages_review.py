"""``heritage pages export`` and ``confirm``: documents finished in a spreadsheet, as CSV there and back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.stores.page_decisions import Desk

COLUMNS = ("document", "position", "scan", "guid", "title", "confirmed", "doubt", "defects", "as_of")
MOST_BYTES = 512 << 20
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)
class Sheet:
    """Documents as a CSV file has them: guids and title of each, in the file's order; ``as_of`` the last decision known."""

    groups: list[list[str]]
    titles: list[str | None]
    as_of: str


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export_command)
    app.command("confirm")(confirm_command)


def export_command(
    dataset: Annotated[str, typer.Option("--dataset", help="Dataset of scans.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")],
    run: Annotated[str | None, typer.Option("--run", help="Proposal to export; default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """Write the documents of a dataset as CSV: one line a scan, in scanning order, to be edited and confirmed.

    Give lines of one document the same text in the column document; number its pages in the column position. What is not to be
    decided yet may be deleted.

    Example: heritage pages export --dataset letters --output letters.csv
    """
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_decisions import open_desk

    desk = open_desk(Platform(Settings()).lake, dataset, run)
    unfinished = output.with_name(f".{output.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_lines(desk))
    unfinished.replace(output)
    documents = desk.documents
    figures = {"scans": len(documents.order), "documents": len(documents.by_id), "confirmed": documents.confirmed}
    if as_json:
        print_json({**figures, "output": str(output)})
        return
    console.print(f"{figures['documents']:,} documents, {figures['scans']:,} scans: {output}", markup=False)
    console.print(f"next: edit it, then heritage pages confirm {output} --dataset {dataset}", markup=False)


def _lines(desk: Desk) -> list[list[Any]]:
    documents, as_of = desk.documents, _as_of(desk)
    positions = {guid: at for one in documents.by_id.values() for at, guid in enumerate(one.guids, start=1)}
    lines = []
    for guid in documents.order:
        document, row = documents.by_id[documents.document_of[guid]], documents.rows[guid]
        confirmed = "yes" if document.confirmed else "no"
        lines.append(
            [
                document.id,
                positions[guid],
                _disarmed(row["scan"]),
                _disarmed(guid),
                _disarmed(document.title or ""),
                confirmed,
                f"{document.doubt:.3f}",
                " ".join(row["defects"] or ()),
                as_of,
            ]
        )
    return lines


def _as_of(desk: Desk) -> str:
    return str(desk.decisions[-1]["decision_id"]) if desk.decisions else "-"


def _disarmed(cell: str) -> str:
    """Keep spreadsheets from running a cell as a formula; :func:`_armed` takes the sign away again."""
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def _armed(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


def confirm_command(
    file: Annotated[
        Path, typer.Argument(metavar="CSV", help="Columns: document (or group), guid or scan; position, title.")
    ],
    dataset: Annotated[str, typer.Option("--dataset", help="Dataset of scans.")],
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who decides; kept with the decision.")] = "command line",
    force: Annotated[
        bool, typer.Option("--force", help="Also where somebody has decided about these pages since the export.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Confirm documents as a CSV file has them; they hold through every grouping to come.

    Documents that are confirmed just so already are passed over. All of the file is taken, or nothing.

    Example: heritage pages confirm letters.csv --dataset letters --reviewer "Anna Berg"
    """
    from heritage_assets.curation.pages.documents import identified
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_decisions import WantedPages, append_page_decisions, open_desk

    lake = Platform(Settings()).lake
    desk = open_desk(lake, dataset)
    sheet = read_sheet(file, desk)
    if not force:
        _refuse_what_changed(sheet, desk, file)
    documents = desk.documents
    wanted = []
    for name, guids, title in zip(identified(sheet.groups, documents), sheet.groups, sheet.titles, strict=True):
        known = documents.by_id.get(name)
        if known is None or not known.confirmed or list(known.guids) != guids or (title and title != known.title):
            wanted.append(
                WantedPages(
                    "confirm", reviewer, tuple(guids), document=name, title=title or (known.title if known else None)
                )
            )
    append_page_decisions(lake, desk, wanted)
    figures = {"documents": len(sheet.groups), "confirmed": len(wanted), "unchanged": len(sheet.groups) - len(wanted)}
    if as_json:
        print_json(figures)
        return
    console.print(
        f"{figures['confirmed']:,} documents confirmed, {figures['unchanged']:,} were confirmed just so already"
    )
    console.print(f"next: heritage pages group --dataset {dataset}", markup=False)


def _refuse_what_changed(sheet: Sheet, desk: Desk, file: Path) -> None:
    ids = [row["decision_id"] for row in desk.decisions]
    since = (
        desk.decisions[ids.index(sheet.as_of) + 1 :]
        if sheet.as_of in ids
        else desk.decisions
        if sheet.as_of == "-"
        else []
    )
    named = {guid for guids in sheet.groups for guid in guids}
    late = [row for row in since if named & set(row["guids"] or ())]
    if late:
        who = ", ".join(sorted({row["reviewer"] or "somebody" for row in late}))
        raise ValueError(
            f"{len(late)} decisions about pages of {file} were taken after its export (by {who}): export again, or --force"
        )


def read_sheet(file: Path, desk: Desk) -> Sheet:
    """Read documents from a CSV file; a scan is named by ``guid``, else by ``scan`` (name or file name).

    Raises:
        ValueError: no such file, no such columns, a scan that is unknown or named twice, a position that is no number.
    """
    lines = _read_lines(file)
    documents = desk.documents
    names = _names(documents.rows.values())
    parts: dict[str, list[tuple[int, int, str]]] = {}
    titles: dict[str, str] = {}
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=2):
        guid = _armed(line.get("guid") or "")
        guid = guid if guid in documents.rows else names.get(_armed(line.get("scan") or ""), guid)
        group = (line.get("document") or line.get("group") or "").strip()
        if guid not in documents.rows:
            raise ValueError(f"line {number} of {file}: {guid or line.get('scan')!r} is no scan of {documents.dataset}")
        if not group:
            raise ValueError(f"line {number} of {file} names no document")
        if guid in seen:
            raise ValueError(f"line {number} of {file} names {guid} again; line {seen[guid]} has it already")
        seen[guid] = number
        position = (line.get("position") or "").strip()
        if position and not position.lstrip("-").isdecimal():
            raise ValueError(f"line {number} of {file}: position {position!r} is no whole number")
        parts.setdefault(group, []).append((int(position or 0), documents.rows[guid]["place"], guid))
        titles.setdefault(group, "")
        titles[group] = titles[group] or _armed(line.get("title") or "").strip()
    groups = [[guid for *_, guid in sorted(pages)] for pages in parts.values()]
    as_of = next((line["as_of"] for line in lines if line.get("as_of")), "")
    return Sheet(groups, [titles[name] or None for name in parts], as_of)


def _read_lines(file: Path) -> list[dict[str, str]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"{file} is larger than {MOST_BYTES >> 20} MiB")
        reader = csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))
        lines = list(reader)
    except FileNotFoundError:
        raise ValueError(f"no file at {file}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is no CSV in UTF-8: {error}") from None
    columns = set(reader.fieldnames or ())
    if not columns & {"document", "group"} or not columns & {"guid", "scan"}:
        raise ValueError(
            f"{file} must have the columns document (or group), and guid or scan; see `heritage pages export`"
        )
    if not lines:
        raise ValueError(f"{file} holds no lines")
    return lines


def _names(rows: Any) -> dict[str, str]:
    """Return the guid of each name and file name that only one scan has."""
    found: dict[str, str | None] = {}
    for row in rows:
        for name in {row["scan"], Path(row["scan"]).name}:
            found[name] = None if name in found else row["guid"]
    return {name: guid for name, guid in found.items() if guid is not None}
