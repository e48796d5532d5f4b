"""Cleansing of single records: what providers really send, turned into plain text, spans of years, tags and categories.

Belongs here: parsers of the raw forms and normalisation of single values. Does not belong here: record batches and the
outcomes of a batch (``curation.records``), or which path of a provider's record feeds which field (``curation.mapping``).
"""
