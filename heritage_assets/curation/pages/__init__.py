"""From single scans to documents: features of pages, methods of grouping, and how good the groups are."""
