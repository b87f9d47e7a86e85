"""What capa does, one verb per file, each in one transaction."""
