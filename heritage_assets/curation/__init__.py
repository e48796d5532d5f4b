"""The domain: plain functions and dataclasses over Arrow record batches.

Nothing in this package imports Dagster, Spark or a web framework; an import contract holds that. Every bulk step is a
function ``Iterator[pa.RecordBatch] -> Iterator[pa.RecordBatch]`` with a schema declared in :mod:`.schemas`.
"""
