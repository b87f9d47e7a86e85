"""Metrics of the process, named after the OpenTelemetry conventions in their Prometheus form."""

from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY as REGISTRY  # noqa: PLC0414 - the one registry of a process, named here for all
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from chassis.routes import RouteTable

# A `_created` series beside every counter and histogram would be as many again, and nothing asks for them. Every process
# imports this module before it serves a scrape, and the switch holds for all metrics of the process.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it says no types

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.3, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds: those of the conventions, and 0.3, which the objective for latency asks about."""

PROBES: Final = "/health/"
"""Routes that are not counted begin so: they would drown what people ask for."""

_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_OTHER_METHOD: Final = "_OTHER"
"""As the conventions say, so that a caller cannot make up label values."""


class HttpMetrics:
    """Durations and counts of requests by route template, exact status and method; get it with `http_metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request's arrival to the last byte of its answer, by route template; probes are left out. 499 is a "
            "client that went away before.",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=BUCKETS,
            registry=registry,
        )
        self.active = 0
        Gauge(
            "http_server_active_requests", "Requests that this process is answering now.", registry=registry
        ).set_function(lambda: self.active)
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, template: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, template, status)
        child = self._children.get(key)
        if child is None:
            known = method if method in _METHODS else _OTHER_METHOD
            child = self._duration.labels(known, template, str(status))
            if known == method:
                self._children[key] = child
        child.observe(seconds)

    def initialise(self, table: RouteTable) -> None:
        """Set the label sets of every counted route's success and failure to 0, so that rates see the first of each."""
        for entry in table.entries:
            if entry.template.startswith(PROBES):
                continue
            for method in entry.methods:
                for status in (entry.status, 500, 503):
                    self._duration.labels(method, entry.template, str(status))


_HTTP: WeakKeyDictionary[CollectorRegistry, HttpMetrics] = WeakKeyDictionary()


def http_metrics(registry: CollectorRegistry = REGISTRY) -> HttpMetrics:
    """Give the registry's HTTP metrics, made on first use, so that several applications of a process share them."""
    if registry not in _HTTP:
        _HTTP[registry] = HttpMetrics(registry)
    return _HTTP[registry]


def announce_build(service: str, version: str, commit: str, registry: CollectorRegistry = REGISTRY) -> None:
    """Export `build_info{service,version,commit} 1`; call it once in a process."""
    gauge = Gauge(
        "build_info",
        "Always 1; the labels say what this process is: service, version and commit.",
        ("service", "version", "commit"),
        registry=registry,
    )
    gauge.labels(service, version, commit).set(1)


class DependencyMetric:
    """`dependency_up{dependency}`: 1 while what the process needs answered its last check."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            "dependency_up",
            "1 while what this process needs answered its last check, else 0; 0 until the first check.",
            ("dependency",),
            registry=registry,
        )

    def expect(self, dependency: str) -> None:
        """Put a dependency at 0, until it is checked for the first time."""
        self._gauge.labels(dependency)

    def set(self, dependency: str, *, up: bool) -> None:
        """Record the outcome of one check."""
        self._gauge.labels(dependency).set(1 if up else 0)


class LoopMetrics:
    """How often the process's loops were started again, and when each last gave a sign of life."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.restarts: Final = Counter(
            "loop_restarts_total",
            "Times that a loop of this process failed or ended, and was started again.",
            ("loop",),
            registry=registry,
        )
        self.silence: Final = Gauge(
            "loop_silence_seconds",
            "Time since the last sign of life of a loop of this process.",
            ("loop",),
            registry=registry,
        )


_DEPENDENCIES: WeakKeyDictionary[CollectorRegistry, DependencyMetric] = WeakKeyDictionary()
_LOOPS: WeakKeyDictionary[CollectorRegistry, LoopMetrics] = WeakKeyDictionary()


def dependency_metric(registry: CollectorRegistry = REGISTRY) -> DependencyMetric:
    """Give the registry's `dependency_up`, made on first use."""
    if registry not in _DEPENDENCIES:
        _DEPENDENCIES[registry] = DependencyMetric(registry)
    return _DEPENDENCIES[registry]


def loop_metrics(registry: CollectorRegistry = REGISTRY) -> LoopMetrics:
    """Give the registry's loop metrics, made on first use."""
    if registry not in _LOOPS:
        _LOOPS[registry] = LoopMetrics(registry)
    return _LOOPS[registry]


def render_metrics(request: Request, registry: CollectorRegistry = REGISTRY) -> Response:
    """Write all metrics in the format that the scraper accepts."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": content_type})
