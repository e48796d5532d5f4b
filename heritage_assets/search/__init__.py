"""Reading what the assets made: search, recommendation, status and export. Nothing here writes to the archive."""
