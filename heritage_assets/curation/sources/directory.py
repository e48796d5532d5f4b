"""A folder of images: one record for each image file, described by its path and its EXIF tags."""

from __future__ import annotations

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import (
    Format,
    HarvestError,
    Item,
    Page,
    digest,
    existing,
    paginate,
    plural,
    printable,
)

SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp"),
        *(".jp2", ".j2k", ".jpx", ".avif", ".heic", ".heif", ".ppm", ".pgm"),
    }
)
_ITEM_BYTES = 2_000
_EXIF_TAGS = 60
_EXIF_CHARS = 500
_EXIF_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".png", ".avif"})

# Folder and file names are kept in the raw record, but are no title or subject: names like IMG_0042 say nothing about what
# is shown, and would speak against two copies of one picture being the same.
DIRECTORY_MAPPING = RecordMapping.parse(
    {
        "name": "directory",
        "guid": "guid",
        "title": "exif.XPTitle",
        "creator": "exif.Artist",
        "subject": "exif.XPKeywords",
        "description": ["exif.XPSubject", "exif.ImageDescription"],
        "rights": "exif.Copyright",
        "date": "exif.DateTimeOriginal",
        "is_shown_by": "is_shown_by",
    }
)


class DirectorySource:
    """Image files below a folder, sorted by path; the guid is the path relative to it (POSIX).

    Hidden files and links to folders are left out, links that lead out of the folder are refused; both are counted in the
    warnings. Memory: the list of paths (about 300 bytes each) and one page.
    """

    kind = "directory"
    format: Format = "mapped"
    detects_withdrawals = False

    def __init__(self, path: Path | str, mapping: RecordMapping | None = None) -> None:
        self.root = existing(path, "folder")
        if not self.root.is_dir():
            raise HarvestError(f"{path} is no folder")
        self.mapping: RecordMapping = mapping or DIRECTORY_MAPPING
        if self.mapping.image_base is None:
            self.mapping = self.mapping.model_copy(update={"image_base": self.root.as_uri()})
        self.image_root: str | None = str(self.root)
        self.since: datetime | None = None
        self._skipped: Counter[str] = Counter()
        self._paths: list[str] | None = None
        self._changed: list[str] | None = None
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """Number of images found (changed ones, where only these are listed)."""
        return len(self._chosen())

    @property
    def complete(self) -> bool:
        """True after the last image."""
        return self._ended

    @property
    def warnings(self) -> Sequence[str]:
        """What was left out, by reason."""
        self._scan()
        return [f"{plural(count, 'file')} left out: {reason}" for reason, count in sorted(self._skipped.items())]

    def fingerprint(self) -> str:
        """See :class:`Source`; includes every path, size and time of last change."""
        listing = hashlib.sha256()
        for path in self._chosen():
            status = self._stat(path)
            listing.update(f"{status.st_size} {status.st_mtime_ns} ".encode() + os.fsencode(path) + b"\0")
        since = [] if self.since is None else [self.since.isoformat()]
        known = [listing.hexdigest(), self.mapping.model_dump(mode="json"), *since]
        return digest(self.kind, printable(str(self.root)), *known)

    def scope(self) -> str:
        """See :class:`Source`."""
        return digest(self.kind, printable(str(self.root)))

    def changed_since(self, moment: datetime) -> Self:
        """See :class:`IncrementalSource`: files written at or after ``moment``, or moved here then."""
        restricted = copy.copy(self)
        restricted.since = moment.astimezone(UTC)
        restricted._changed = None
        return restricted

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"path": printable(str(self.root))}

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`. Raises HarvestError when no image is found."""
        if not self._scan():
            raise HarvestError(f"no images below {self.root} (known by {', '.join(sorted(SUFFIXES))})")
        paths = self._chosen()
        done = 0 if state is None else int(state["done"])
        position = done

        def items() -> Iterator[Item]:
            nonlocal position
            for path in paths[done:]:
                position += 1
                yield Item(self._record(path), _ITEM_BYTES)

        yield from paginate(items(), lambda: {"done": position})
        self._ended = True

    def _scan(self) -> list[str]:
        if self._paths is None:
            self._paths = sorted(self._walk())
        return self._paths

    def _chosen(self) -> list[str]:
        """Return the paths to land: all, or those changed since then."""
        if self.since is None:
            return self._scan()
        if self._changed is None:
            since = self.since.timestamp()
            self._changed = [path for path in self._scan() if _changed_at(self._stat(path)) >= since]
        return self._changed

    def _walk(self) -> Iterator[str]:
        def failed(error: OSError) -> None:
            self._skipped[f"folder can't be read ({error.strerror})"] += 1

        for folder, folders, files in os.walk(self.root, onerror=failed):
            for name in list(folders):
                if name.startswith(".") or name == "__MACOSX":
                    folders.remove(name)
                elif Path(folder, name).is_symlink():
                    self._skipped["link to a folder"] += 1
            for name in files:
                reason = self._reason_to_skip(Path(folder, name))
                if reason is None:
                    yield Path(folder, name).relative_to(self.root).as_posix()
                elif reason:
                    self._skipped[reason] += 1

    def _reason_to_skip(self, path: Path) -> str | None:
        """Return why a file is left out, "" for what nobody wants to hear of, or None for an image."""
        if path.name.startswith("."):
            return ""
        if path.suffix.lower() not in SUFFIXES:
            return f"no image by its suffix {printable(path.suffix.lower()) or '(none)'}"
        if path.is_symlink():
            try:
                target = path.resolve(strict=True)
            except (OSError, RuntimeError):
                return "broken link"
            if not target.is_relative_to(self.root):
                return "link that leads out of the folder"
        return None if path.is_file() else "no regular file"

    def _stat(self, path: str) -> os.stat_result:
        try:
            return (self.root / path).stat()
        except OSError as error:
            raise HarvestError(f"{printable(path)} vanished while {self.root} was read: {error.strerror}") from None

    def _record(self, path: str) -> LandedRecord:
        file = self.root / path
        status = self._stat(path)
        guid = printable(path)
        folders = guid.split("/")[:-1]
        raw: dict[str, Any] = {
            "guid": guid,
            "name": printable(file.stem),
            "suffix": printable(file.suffix),
            "folder": "/".join(folders),
            "folders": folders,
            "size_bytes": status.st_size,
            "modified": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(),
            "is_shown_by": file.as_uri(),
        }
        return LandedRecord(guid, raw | read_exif(file))


def _changed_at(status: os.stat_result) -> float:
    """Return when a file was written or, if later, moved or copied here keeping its older time."""
    return max(status.st_mtime, status.st_ctime)


def read_exif(file: Path) -> dict[str, Any]:
    """Return ``{"exif": {tag: text or number}}``, ``{"exif_error": why}``, or nothing where the format has no EXIF.

    Reads the header, never the pixels. At most 60 tags with 500 characters each.
    """
    if file.suffix.lower() not in _EXIF_SUFFIXES:
        return {}
    from PIL import ExifTags, Image

    try:
        with Image.open(file) as image:
            # Pillow decodes a whole PNG to look for EXIF behind its pixels; only what the header holds is wanted here.
            if image.format == "PNG" and "exif" not in image.info:
                return {}
            exif = image.getexif()
            tags = dict(exif) | dict(exif.get_ifd(ExifTags.IFD.Exif))
    except Exception as error:
        return {"exif_error": f"{type(error).__name__}: {printable(str(error))}"[:_EXIF_CHARS]}
    found: dict[str, Any] = {}
    for tag, value in tags.items():
        name = ExifTags.TAGS.get(tag)
        text = _exif_value(name, value) if name else None
        if name and text is not None and len(found) < _EXIF_TAGS:
            found[name] = text
    return {"exif": found} if found else {}


def _exif_value(name: str, value: Any) -> str | int | float | None:
    if isinstance(value, bytes):
        if not name.startswith("XP"):
            return None
        value = value.decode("utf-16-le", "replace")
    if isinstance(value, str):
        return value.split("\0")[0].strip()[:_EXIF_CHARS] or None
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else None
    try:
        number = float(value)  # rational numbers
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if abs(number) < 1e15 else None
