"""heritage_assets: from harvested cultural-heritage records to one clean, searchable, de-duplicated image archive."""

__version__ = "0.1.0"
