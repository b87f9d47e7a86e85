"""Capa over HTTP: routers that parse, call a use case or the records, and shape the answer."""
