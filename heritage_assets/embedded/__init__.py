"""What serves when no server is configured: a vector endpoint on Qdrant Edge, a demo museum, a demo encoder."""
