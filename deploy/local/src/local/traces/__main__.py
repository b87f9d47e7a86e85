"""The command that shows traces: `python -m local.traces`."""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

from local.traces.collector import Collector, TracedSpan
from local.traces.tree import tree_of

DEFAULT_PORT = 4318
_LOOK_EVERY_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Show traces until Ctrl-C; 2 when the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        collector = Collector(options.port)
    except OSError as error:
        print(
            f"Port {options.port} cannot be used ({error.strerror}): choose another by --port.",
            file=sys.stderr,
        )
        return 2
    with collector:
        print(
            f"Start the services with REDRESS_TRACING=true REDRESS_TRACING_ENDPOINT={collector.url}\n"
            "Ctrl-C shows what is left and ends.",
            flush=True,
        )
        shown = 0
        try:
            shown = _watch(collector, options.silence, whole=options.all)
        except KeyboardInterrupt:
            print()
        _show(collector.spans(), collector.spans()[shown:], whole=options.all)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.traces", description="Take traces on loopback and show each as a tree."
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="where to listen; default: %(default)s"
    )
    parser.add_argument(
        "--silence",
        type=float,
        default=7.0,
        metavar="SECONDS",
        help="show a trace once nothing came for so long; default: %(default)s, since services send every 5 s",
    )
    parser.add_argument(
        "--all", action="store_true", help="show also what no request began, such as the relays' own traces"
    )
    return parser


def _watch(collector: Collector, silence: float, *, whole: bool) -> int:
    """Show what came whenever nothing more does, until interrupted; tells how many spans were shown."""
    shown = seen = 0
    last = time.monotonic()
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        spans = collector.spans()
        if len(spans) > seen:
            seen, last = len(spans), time.monotonic()
        elif seen > shown and time.monotonic() - last > silence:
            _show(spans, spans[shown:], whole=whole)
            shown = seen


def _show(spans: Sequence[TracedSpan], new: Sequence[TracedSpan], *, whole: bool) -> None:
    """Show every trace that has something new, with all that is known of it."""
    traces: dict[str, list[TracedSpan]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    for trace_id in dict.fromkeys(span.trace_id for span in new):
        if whole or any(span.kind == "server" for span in traces[trace_id]):
            print(f"\n{tree_of(traces[trace_id])}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
