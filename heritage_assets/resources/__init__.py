"""Dagster resources: thin wrappers around stores, engines and encoders."""
