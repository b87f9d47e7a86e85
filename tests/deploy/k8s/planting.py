"""Plants defects in rendered manifests, to see that they are noticed."""

from collections.abc import Mapping
from typing import Any

from tests.deploy.k8s.rendering import Resource, named

GONE: Any = object()
"""In place of a value: take the field away."""


def plant(resources: list[Resource], where: str, defects: Mapping[str, Any]) -> None:
    """Change fields, named by their paths, of the resource that is named by its kind and name."""
    found = named(resources, *where.split("/"))
    for path, value in defects.items():
        *parents, last = path.split(".")
        place: Any = found
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is GONE:
            del place[last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
