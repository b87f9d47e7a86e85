"""A report as one HTML page with its drawings in it: nothing is fetched, and a browser prints it on A4."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import count
from typing import Final

from capa.domain.report.document import (
    Block,
    Document,
    Drawing,
    Facts,
    Heading,
    Paragraph,
    Pending,
    Section,
    Table,
)
from capa.domain.report.svg import svg

FONT: Final = "Liberation Sans,Arial,Helvetica,sans-serif"

_STYLE: Final = (
    "body{font:15px/1.45 'Liberation Sans',Arial,Helvetica,sans-serif;color:#1b2733;max-width:900px;margin:2rem auto;"
    "padding:0 1rem}header{border-bottom:3px solid #1f4e79;margin-bottom:1rem}h1{font-size:1.7rem;margin:0;"
    "color:#1f4e79}header p{margin:.2rem 0 .6rem;font-size:1.15rem}header p.made{font-size:.85rem;color:#4a5a6a}"
    "h2{font-size:1.2rem;margin:1.8rem 0 .6rem;padding:.25rem .5rem;background:#e3ecf5;color:#1f4e79}"
    "h3{font-size:1rem;margin:1.1rem 0 .3rem}p{margin:.4rem 0;white-space:pre-line;overflow-wrap:anywhere}"
    "p.pending{color:#6b4300;background:#fdf1dc;border-left:4px solid #9a5b00;padding:.3rem .6rem}"
    "table{border-collapse:collapse;width:100%;margin:.6rem 0;table-layout:fixed;font-size:.88rem}"
    "th,td{text-align:left;padding:.3rem .45rem;border:1px solid #c3ccd4;vertical-align:top;white-space:pre-line;"
    "overflow-wrap:anywhere}td.n,th.n{text-align:right}th{background:#f3f4f5}table.facts th{width:24%;font-weight:600}"
    "figure{margin:.8rem 0}figcaption{font-size:.85rem;color:#4a5a6a}svg{display:block;width:100%;height:auto}"
    "footer{margin-top:2rem;border-top:1px solid #c3ccd4;font-size:.8rem;color:#4a5a6a;overflow-wrap:anywhere}"
    "@page{size:A4;margin:16mm;@bottom-right{content:counter(page) ' / ' counter(pages)}}"
    "@media print{body{margin:0;max-width:none;padding:0;font-size:10.5pt}h2,h3{break-after:avoid}"
    "figure,tr{break-inside:avoid}th,h2,p.pending{print-color-adjust:exact}}"
)


def page(document: Document) -> str:
    """Write the report."""
    names = count(1)
    sections = "".join(_section(each, names) for each in document.sections)
    title = escape(f"{document.title}: {document.subtitle}")
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{_text(document.title)}</h1><p>{_text(document.subtitle)}</p>"
        f"<p class='made'>{_text(document.made)}</p></header><main>{_facts(document.head)}{sections}</main>"
        f"<footer>{_text(document.record)}. "
        "Generated from the record; not edited by hand.</footer></body></html>"
    )


def _section(section: Section, names: Iterator[int]) -> str:
    return f"<section><h2>{_text(section.title)}</h2>{''.join(_block(each, names) for each in section.blocks)}</section>"


def _block(block: Block, names: Iterator[int]) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case Pending(text):
            return f"<p class='pending'>{_text(text)}</p>"
        case Heading(text):
            return f"<h3>{_text(text)}</h3>"
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Drawing(figure, caption):
            drawn = svg(figure, font=FONT, name=f"drawing-{next(names)}")
            return f"<figure>{drawn}<figcaption>{_text(caption)}</figcaption></figure>"


def _facts(facts: Facts) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{_text(name)}</th><td>{_text(text)}</td></tr>" for name, text in facts.rows
    )
    return f"<table class='facts'><tbody>{rows}</tbody></table>"


def _table(table: Table) -> str:
    whole = sum(table.widths)
    columns = "".join(f"<col style='width:{100 * width / whole:.1f}%'>" for width in table.widths)
    head = _cells("th", table.head, table)
    rows = "".join(f"<tr>{_cells('td', row, table)}</tr>" for row in table.rows)
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(tag: str, row: Sequence[str], table: Table) -> str:
    numbers = len(row) if table.numbers is None else table.numbers
    scope = " scope='col'" if tag == "th" else ""
    kinds = ["" if nth < numbers else " class='n'" for nth in range(len(row))]
    return "".join(
        f"<{tag}{scope}{kind}>{_text(each)}</{tag}>" for kind, each in zip(kinds, row, strict=True)
    )


def _text(text: str) -> str:
    return escape(text)
