"""A generated archive of loose scans whose documents are known: flyers, letters, reports, leaflets, ledgers, minutes.

:func:`plan_archive` decides what there is and in which order it was scanned (the truth); :func:`write_archive` draws it.
"""

from heritage_assets.embedded.scan_archive.archive import write_archive
from heritage_assets.embedded.scan_archive.plan import Archive, Document, Shot, plan_archive

__all__ = ["Archive", "Document", "Shot", "plan_archive", "write_archive"]
