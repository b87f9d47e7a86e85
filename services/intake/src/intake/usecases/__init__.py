"""What intake does, one verb per file."""
