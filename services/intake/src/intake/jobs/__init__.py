"""Work that intake does by itself."""
