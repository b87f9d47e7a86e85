"""The three APIs without a database, for what their documents say."""

from tests.identity.conftest import apis

__all__ = ["apis"]  # a fixture of the identity tests, found here by its name
