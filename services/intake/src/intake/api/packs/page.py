"""An inspection pack as one page that needs nothing else: to read, and to print."""

import re
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_TEMPLATES: Final = Environment(
    loader=PackageLoader("intake", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LOCAL: Final = {"utc", "local"}
_ACRONYMS: Final = {"id": "id", "sha256": "SHA-256", "url": "address"}


def pack_page(document: Mapping[str, Any]) -> str:
    """Write the page; whatever somebody wrote is escaped."""
    return _TEMPLATES.get_template("inspection_pack.html.j2").render(pack=document)


def _words(name: str) -> str:
    return " ".join(_ACRONYMS.get(word, word) for word in name.split("_"))


def _moment(at: str | None) -> str:
    """Write an instant for a person: to the second, in UTC."""
    return "" if at is None else f"{at[:10]} {at[11:19]} UTC"


def _duration(seconds: float) -> str:
    """Write a duration for a person: its two largest units."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left = round(seconds)
    parts: list[str] = []
    for name, size in units:
        number, left = divmod(left, size)
        if number or parts:
            parts.append(f"{number} {name}")
    return " ".join(parts[:2]) or "0 s"


def _value(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case dict():
            # An instant in UTC and locally, as explanations of clocks have it.
            parts = {} if value.keys() == _LOCAL else value
            said = [
                f"{_words(str(name))}: {_value(part)}" for name, part in parts.items() if part is not None
            ]
            return "; ".join(said) or _value(value.get("utc"))
        case list():
            return ", ".join(_value(part) for part in value) or "nothing"
        case str() if _INSTANT.fullmatch(value):
            return _moment(value)
        case _:
            return str(value)


def _is_change(value: object) -> bool:
    """Tell [before, after] from a list of things."""
    return isinstance(value, list) and len(value) == 2  # noqa: PLR2004 - a pair


_TEMPLATES.filters |= {"words": _words, "moment": _moment, "duration": _duration, "value": _value}
_TEMPLATES.tests |= {"change": _is_change}
