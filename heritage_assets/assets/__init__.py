"""Software-defined assets: one file per asset, file name = asset name = table name.

Thin: each reads, calls the domain, writes, and reports.
"""
