"""Pages in Markdown as tests read them: headings, anchors, blocks of code, links."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).resolve().parents[2]
_SHELL: Final = ("sh", "bash", "console")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, and its text."""

    path: Path
    text: str

    @property
    def tokens(self) -> list[Token]:
        """The page as parsed."""
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    def headings(self, level: int) -> list[str]:
        """The texts of its headings of one level."""
        tokens = self.tokens
        return [
            after.content
            for token, after in itertools.pairwise(tokens)
            if token.type == "heading_open" and token.tag == f"h{level}"
        ]

    def anchors(self) -> set[str]:
        """What a link may name after `#`."""
        return {_slug(text) for level in range(1, 7) for text in self.headings(level)}

    def fences(self, language: str) -> Iterator[tuple[str, str]]:
        """Blocks of code in a language, each with what follows the language's name in its first line."""
        for token in self.tokens:
            if token.type == "fence" and token.info.split(" ")[0] == language:
                yield token.info.partition(" ")[2], token.content

    def code(self) -> Iterator[str]:
        """Code within a line."""
        for token in self.tokens:
            yield from (child.content for child in token.children or () if child.type == "code_inline")

    def links(self) -> Iterator[str]:
        """Where its links lead."""
        for token in self.tokens:
            yield from (
                str(child.attrs["href"]) for child in token.children or () if child.type == "link_open"
            )

    def blocks(self, language: str) -> Sequence[str]:
        """The blocks of code in a language, without the indent that a list gives them."""
        return [text for _, text in self.fences(language)]

    def block(self, language: str, mentions: str) -> str:
        """The one block of a language that mentions something."""
        (found,) = [text for text in self.blocks(language) if mentions in text]
        return found

    @property
    def prose(self) -> str:
        """The page without its blocks of code."""
        lines = self.text.splitlines(keepends=True)
        for token in self.tokens:
            if token.type == "fence" and token.map is not None:
                lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
        return "".join(lines)

    def said(self) -> Iterator[str]:
        """Every line of a shell block, with continued lines joined, and every piece of code within a line."""
        for language in _SHELL:
            for text in self.blocks(language):
                yield from text.replace("\\\n", " ").splitlines()
        yield from self.code()


def read(path: Path) -> Page:
    """Read a page."""
    return Page(path, path.read_text("utf-8"))


def broken_links(page: Page) -> Iterator[str]:
    """Say which links within the repository lead to no file, or to no heading."""
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        if not target.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and target.suffix == ".md" and anchor not in (read(target) if file else page).anchors():
            yield f"the link {link} names no heading of {target.name}"


def _slug(heading: str) -> str:
    """Name a heading as the usual renderers do."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
