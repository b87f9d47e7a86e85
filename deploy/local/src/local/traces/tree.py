"""A trace as a tree of lines that a person can read."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from local.traces.collector import TracedSpan

_NANOSECONDS: Final = 1_000_000_000
_SHOWN: Final = (
    "http.response.status_code",
    "cloudevents.event_type",
    "redress.deadline.clock",
    "redress.delivery.notices",
    "redress.outcome",
    "db.operation.batch.size",
    "error.type",
)


def tree_of(spans: Sequence[TracedSpan]) -> str:
    """Draw one trace: for each span when it began, its service, its name, how long it took, and what it says.

    A span whose parent was not received stands at the left edge, like a root.
    """
    known = {span.span_id for span in spans}
    children: dict[str, list[TracedSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda each: each.started):
        children[span.parent_id if span.parent_id in known else ""].append(span)
    began = min(span.started for span in spans)
    took = (max(span.ended for span in spans) - began) / _NANOSECONDS
    services = ", ".join(dict.fromkeys(span.service for span in _by_beginning(children)))
    head = f"trace {spans[0].trace_id}: {len(spans)} spans in {took:.3f} s, {services}"
    return "\n".join([head, *_lines(children, "", "", began)])


def _by_beginning(children: Mapping[str, Sequence[TracedSpan]]) -> list[TracedSpan]:
    return sorted((span for group in children.values() for span in group), key=lambda each: each.started)


def _lines(
    children: Mapping[str, Sequence[TracedSpan]], parent: str, indent: str, began: int
) -> Iterator[str]:
    for span in children.get(parent, ()):
        yield f"{_time(span, began)} {span.service:<9}{indent}{span.name}  {_facts(span)}".rstrip()
        yield from _lines(children, span.span_id, f"{indent}  ", began)


def _time(span: TracedSpan, began: int) -> str:
    return f"{(span.started - began) / _NANOSECONDS:9.3f} s"


def _facts(span: TracedSpan) -> str:
    took = (span.ended - span.started) / 1_000_000
    said = [str(span.attributes[name]) for name in _SHOWN if name in span.attributes]
    linked = [f"{len(span.links)} links"] if span.links else []
    failed = ["failed"] if span.failed else []
    return f"{took:.1f} ms" + (
        f" [{', '.join([*said, *linked, *failed])}]" if said or linked or failed else ""
    )
