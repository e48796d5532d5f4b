"""Software-defined assets: one file per asset, file name = asset name = table name. Thin: read, call the domain, write, report."""
