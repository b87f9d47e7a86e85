"""Pages of documentation as tests read them: their blocks, links and anchors."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
_FENCE: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_NO_ANCHOR: Final = re.compile(r"[^\w\- ]")
_INLINE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Page:
    """One page in Markdown."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> Sequence[str]:
        """The fenced blocks of a language, without the indent that a list gives them."""
        found = [body for name, body in _FENCE.findall(self.text) if name == language]
        return [re.sub(r"^ {3}", "", body, flags=re.MULTILINE) for body in found]

    def block(self, language: str, mentions: str) -> str:
        """The one block of a language that mentions something."""
        (found,) = [body for body in self.blocks(language) if mentions in body]
        return found

    def links(self) -> Sequence[str]:
        """Where the links lead that stay in this repository."""
        return [target for target in _LINK.findall(self.prose) if "://" not in target]

    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        return {
            _NO_ANCHOR.sub("", heading.lower()).strip().replace(" ", "-")
            for heading in _HEADING.findall(self.prose)
        }

    def said(self) -> Iterator[str]:
        """Every line of a shell block, with continued lines joined, and every inline piece of code."""
        for language in ("sh", "bash", "console"):
            for block in self.blocks(language):
                yield from block.replace("\\\n", " ").splitlines()
        yield from _INLINE.findall(self.prose)


def broken_links(page: Page) -> Sequence[str]:
    """Name the links that lead to no file, or to no heading."""
    broken = []
    for link in page.links():
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in Page(target).anchors()
        ):
            broken.append(link)
    return broken
