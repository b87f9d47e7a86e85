"""Checks an inspection pack of Redress with the Python standard library alone.

    python3 verify_pack.py [FOLDER or pack.json or archive.zip]

Checks that every file is the one that MANIFEST.sha256 names, that the history's chain of hashes holds, and that texts and
personal data of the past, where the pack shows them, are those that the chain binds. Ends with 0 where all is well and with
1 where something is not.
"""

import hashlib
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
MANIFEST = "MANIFEST.sha256"
CHUNK = 1 << 20
TOLD = ("title", "description", "remedy_sought", "serial", "complainant", "attachments")


def canonical(value: object) -> bytes:
    """Write JSON with sorted names, without spaces, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(path: Path) -> str:
    """Compute the digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def faults_of_files(folder: Path) -> Iterator[str]:
    """Compare the files with the manifest."""
    named = set()
    for line in (folder / MANIFEST).read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        named.add(name)
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing"
        elif sha256_of(file) != expected:
            yield f"{name} is not the file that the manifest names"
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name != MANIFEST and name not in named:
            yield f"{name} is not in the manifest"


def faults_of_attachments(pack: dict[str, Any], folder: Path) -> Iterator[str]:
    """Look for the content of each attachment that is said to be there."""
    there = {sha256_of(file) for file in (folder / "attachments").glob("*")}
    lost = folder / "attachments-missing.txt"
    missing = lost.read_text(encoding="utf-8") if lost.is_file() else ""
    for record in pack["attachments"]["items"]:
        if record["state"] == "stored" and record["sha256"] not in there and record["id"] not in missing:
            yield f"the content of attachment {record['id']} is not in the pack"


def faults_of_history(pack: dict[str, Any]) -> Iterator[str]:
    """Compute the chain anew."""
    previous = GENESIS
    entries = pack["history"]["items"]
    for place, entry in enumerate(entries, 1):
        parts = [
            entry[name] for name in ("position", "at", "actor", "action", "changes", "reason", "previous")
        ]
        if entry["position"] != place or entry["previous"] != previous:
            yield f"entry {place} does not follow the one before"
        if hashlib.sha256(canonical(parts)).hexdigest() != entry["hash"]:
            yield f"entry {place} was changed"
        withheld = entry.get("withheld")
        bound = entry["changes"].get("withheld_sha256")
        if withheld is not None and hashlib.sha256(canonical(withheld)).hexdigest() != bound:
            yield f"the texts beside entry {place} were changed"
        previous = entry["hash"]
    yield from faults_of_first_telling(pack)
    head = pack["verification"]["head"]
    if head != {"position": len(entries), "hash": previous}:
        yield "the history does not end where the pack says"


def faults_of_first_telling(pack: dict[str, Any]) -> Iterator[str]:
    """Compare what was told at first, as far as the pack shows it, with what the first entry binds."""
    entries = pack["history"]["items"]
    bound = (entries[0].get("withheld") or {}) if entries else {}
    if "told_sha256" not in bound:
        return
    told = {name: pack["complaint"].get(name) for name in TOLD}
    for entry in reversed(entries):
        beside = (entry.get("withheld") or {}) if entry["action"] == "amended" else {}
        told |= {name: pair[0] for name, pair in beside.items() if name in TOLD}
    bare = {name: without_null(value) for name, value in told.items()}
    object_ = {name: value for name, value in bare.items() if value} | {"salt": bound["salt"]}
    if hashlib.sha256(canonical(object_)).hexdigest() != bound["told_sha256"]:
        yield "what was told at first is not what entry 1 binds"


def without_null(value: Any) -> Any:
    """Leave out of objects what is null."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if each is not None}
    return [without_null(each) for each in value] if isinstance(value, list) else value


def check(place: Path) -> list[str]:
    """Find everything that is wrong with a pack."""
    if place.is_dir():
        pack = json.loads((place / "pack.json").read_text(encoding="utf-8"))
        return [*faults_of_files(place), *faults_of_attachments(pack, place), *faults_of_history(pack)]
    if zipfile.is_zipfile(place):
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(place) as archive:
            archive.extractall(folder)
            return check(Path(folder))
    return list(faults_of_history(json.loads(place.read_text(encoding="utf-8"))))


def main(arguments: list[str]) -> int:
    """Check what is named, or the folder that this file lies in."""
    place = Path(arguments[0]) if arguments else Path(__file__).parent
    try:
        faults = check(place)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        faults = [f"{place} is no inspection pack: {error!r}"]
    lines = [*faults, "FAULTY" if faults else "OK: the pack is whole, and its history holds"]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
