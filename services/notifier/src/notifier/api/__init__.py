"""The REST API: parses, calls a use case, shapes the answer."""
