"""Makes the Bruno collection from clients/rest/*.http, and the keys of the running system known to the clients.

    rest_clients.py write    writes clients/rest/bruno/
    rest_clients.py check    names what of it is stale
    rest_clients.py cache    prints where scripts/rest_tools.sh puts the runners
    rest_clients.py keys     writes the keys of the system that `make run` started into files that git ignores

A request in an .http file is a line `### title`, lines `# expect <place> == <value>`, the request line, its headers, and
after an empty line its body. A place is `status`, or dots into the JSON of the answer. A line `# keep <variable> = <place>`
gives a variable of the file the value that the answer has there, for the requests that follow.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ABSENT: Final = "The runners of clients/rest are absent: run scripts/rest_tools.sh, which needs npm."
REST: Final = ROOT / "clients" / "rest"
BRUNO: Final = "bruno"
SERVICES: Final = ("intake", "capa", "notifier")
FILES: Final = ("intake", "capa", "cases", "effect", "notifier")
"""In the order of the work: what one does, the next one shows."""

_VARIABLE: Final = re.compile(r"^@(\w+) = (.+)$", re.MULTILINE)
_EXPECT: Final = re.compile(r"^# expect (\S+) == (.+)$")
_KEEP: Final = re.compile(r"^# keep (\w+) = (\S+)$")
_BLOCKS: Final = {"application/json": "json", "text/plain": "text", "text/csv": "text"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one value of the answer must be."""

    place: str
    value: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a collection."""

    title: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    expectations: Sequence[Expectation]
    kept: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Collection:
    """One .http file."""

    variables: Mapping[str, str]
    requests: Sequence[Request]


def read(path: Path) -> Collection:
    """Read an .http file; raises ValueError, with the request's title, for one that is not written as above."""
    head, *parts = re.split(r"(?m)^### ", path.read_text("utf-8"))
    return Collection(dict(_VARIABLE.findall(head)), [_request(part) for part in parts])


def _request(part: str) -> Request:
    title, _, rest = part.partition("\n")
    lines = rest.splitlines()
    expectations, kept = [], {}
    while lines and lines[0].startswith("#"):
        said = lines.pop(0)
        if found := _EXPECT.match(said):
            expectations.append(Expectation(found[1], found[2]))
        elif found := _KEEP.match(said):
            kept[found[1]] = found[2]
    words = lines[0].split(" ") if lines else []
    if len(words) != 2 or not expectations:  # noqa: PLR2004 - a method and an address
        raise ValueError(f"{title}: after `# expect` lines comes `METHOD address`")
    end = lines.index("") if "" in lines else len(lines)
    headers = dict(line.split(": ", 1) for line in lines[1:end])
    body = "\n".join(lines[end + 1 :]).strip()
    return Request(title, words[0], words[1], headers, body, expectations, kept)


def asserting(collection: Collection) -> str:
    """Write a collection with its expectations as assertions of httpyac, which other clients would take for a body."""
    lines = [f"@{name} = {value}" for name, value in collection.variables.items()]
    known: dict[str, str] = {}
    for number, request in enumerate(collection.requests):
        lines += ["", f"### {request.title}"]
        if request.kept:
            lines.append(f"# @name answer{number}")
        lines.append(f"{request.method} {_with(known, request.url)}")
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if request.body:
            lines += ["", _with(known, request.body)]
        lines.append("")
        lines += [f"?? {_httpyac(each.place)} == {each.value}" for each in request.expectations]
        known |= {name: f"answer{number}.{_indexed(place)}" for name, place in request.kept.items()}
    return "\n".join(lines) + "\n"


def _with(known: Mapping[str, str], text: str) -> str:
    """Put the places of answers for the variables that keep their values."""
    for name, place in known.items():
        text = text.replace(f"{{{{{name}}}}}", f"{{{{{place}}}}}")
    return text


def _httpyac(place: str) -> str:
    return place if place == "status" else f"js response.parsedBody.{_indexed(place)}"


def _indexed(place: str) -> str:
    return re.sub(r"\.(\d+)", r"[\1]", place)


def bruno(collections: Mapping[str, Collection]) -> dict[str, str]:
    """Write the Bruno collection: texts by their paths below clients/rest."""
    about = {"version": "1", "name": "Redress", "type": "collection", "ignore": ["node_modules"]}
    files = {
        "bruno.json": json.dumps(about, indent=2) + "\n",
        "environments/local.bru": _environment(collections),
    }
    for place, (name, collection) in enumerate(collections.items(), 1):
        folder = f"{place}-{name}"
        files[f"{folder}/folder.bru"] = f"meta {{\n  name: {name}\n  seq: {place}\n}}\n"
        for number, request in enumerate(collection.requests, 1):
            slug = re.sub(r"[^a-z0-9]+", "-", request.title.lower()).strip("-")[:60].rstrip("-")
            files[f"{folder}/{number:02}-{slug}.bru"] = _bru(request, number)
    return {f"{BRUNO}/{path}": text for path, text in files.items()}


def _environment(collections: Mapping[str, Collection]) -> str:
    addresses = json.loads((REST / "http-client.env.json").read_text("utf-8"))["local"]
    keys = {f"{role}_key": f"{{{{process.env.REDRESS_{role.upper()}_KEY}}}}" for role in _roles(collections)}
    variables = dict(addresses) | keys
    for collection in collections.values():
        variables |= collection.variables
    return _block("vars", [f"{name}: {value}" for name, value in variables.items()])


def _roles(collections: Mapping[str, Collection]) -> list[str]:
    texts = (str(request.headers) for each in collections.values() for request in each.requests)
    return sorted({role for text in texts for role in re.findall(r"\{\{(\w+)_key\}\}", text)})


def _bru(request: Request, number: int) -> str:
    # Bruno ends a name at the first line's end, and takes anything but a brace in it.
    kind = _BLOCKS.get(request.headers.get("Content-Type", ""), "none") if request.body else "none"
    query = request.url.partition("?")[2]
    parts = [
        _block("meta", [f"name: {request.title}", "type: http", f"seq: {number}"]),
        _block(request.method.lower(), [f"url: {request.url}", f"body: {kind}", "auth: none"]),
    ]
    if query:
        parts.append(_block("params:query", [pair.replace("=", ": ", 1) for pair in query.split("&")]))
    parts.append(_block("headers", [f"{name}: {value}" for name, value in request.headers.items()]))
    if request.body:
        parts.append(_block(f"body:{kind}", request.body.splitlines()))
    if request.kept:
        kept = [f"{name}: res.body.{_indexed(place)}" for name, place in request.kept.items()]
        parts.append(_block("vars:post-response", kept))
    parts.append(_block("assert", [_assertion(each) for each in request.expectations]))
    return "\n".join(parts)


def _assertion(each: Expectation) -> str:
    place = "status" if each.place == "status" else f"body.{_indexed(each.place)}"
    return f"res.{place}: eq {each.value}"


def _block(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{name} {{", *(f"  {line}".rstrip() for line in lines), "}", ""])


def stale() -> dict[Path, str | None]:
    """Find what of the Bruno collection differs from the .http files: the new text by its path, None for what has to go."""
    collections = {name: read(REST / f"{name}.http") for name in FILES}
    wanted = {REST / path: text for path, text in bruno(collections).items()}
    present = {
        path: path.read_text("utf-8")
        for path in (REST / BRUNO).rglob("*")
        if path.is_file() and path.name != ".env"
    }
    found: dict[Path, str | None] = {path: text for path, text in wanted.items() if present.get(path) != text}
    return found | {path: None for path in present if path not in wanted}


def keys() -> int:
    """Write the keys of the running system where the clients read them; gives the exit code."""
    home = Path(os.environ.get("REDRESS_HOME") or ROOT / ".redress")
    try:
        running = json.loads((home / "run.json").read_text("utf-8"))
    except FileNotFoundError:
        print("No system runs here: make run starts it.", file=sys.stderr)
        return 1
    values = {f"{role}_key": key for role, key in running["keys"].items()}
    addresses = {name: service["url"] for name, service in running["services"].items()}
    _write_private(
        REST / "http-client.private.env.json", json.dumps({"local": addresses | values}, indent=2) + "\n"
    )
    lines = [f"REDRESS_{name.upper()}={value}\n" for name, value in values.items()]
    _write_private(REST / BRUNO / ".env", "".join(lines))
    print("Wrote clients/rest/http-client.private.env.json and clients/rest/bruno/.env.")
    return 0


def cache_folder() -> Path:
    """Name the folder of the pinned runners: below REDRESS_REST_CACHE, or `redress` in the user's cache folder."""
    pins = (REST / "package-lock.json").read_bytes()
    if chosen := os.environ.get("REDRESS_REST_CACHE"):
        root = Path(chosen)
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    return root.absolute() / f"rest-{hashlib.sha256(pins).hexdigest()[:12]}"


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def main(verb: str) -> int:
    """Do what the verb says; gives the exit code."""
    if verb == "keys":
        return keys()
    if verb == "cache":
        print(cache_folder())
        return 0
    found = stale()
    if verb == "write":
        if any(text is None for text in found.values()):
            for folder in (path for path in (REST / BRUNO).iterdir() if path.is_dir()):
                shutil.rmtree(folder)
            found = stale()
        for path, text in found.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or "", "utf-8")
        return 0
    for path in found:
        print(f"{path.relative_to(ROOT)} is stale; make fmt writes it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
