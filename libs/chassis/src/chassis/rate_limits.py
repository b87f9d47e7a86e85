"""How much each caller may ask: one bucket of tokens for each key and class of operation, in the memory of the process.

The answer's `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-11. Several processes
count apart: behind a load balancer a caller gets up to as many times the limit as there are processes.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter
from starlette.types import Scope

from chassis.problems import ProblemError
from chassis.routes import table_of
from chassis.settings import ServiceSettings
from chassis.telemetry import REGISTRY

READ: Final = "read"
WRITE: Final = "write"
EXPORT: Final = "export"
BULK: Final = "bulk"
CLASSES: Final = (READ, WRITE, EXPORT, BULK)
WINDOW_SECONDS: Final = 60
STANDING: Final = "redress.rate_limit"

_MOST_BUCKETS: Final = 20_000
_ROUNDING: Final = 1e-6
"""What arithmetic may leave over."""

Field = tuple[bytes, bytes]
Fields = tuple[Field, Field]

_READING: Final = frozenset({"GET", "HEAD"})


class RateLimiter:
    """Admits requests while their bucket holds a token; a full bucket holds a minute's, and fills evenly.

    For each bucket one number is kept, the moment at which it will be full (the generic cell rate algorithm), so that
    to admit costs a few operations of arithmetic.
    """

    def __init__(
        self,
        quotas: Mapping[str, int],
        classes: Mapping[str, str] | None = None,
        *,
        seconds: Callable[[], float] = time.monotonic,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """`quotas` are requests a minute by class, 0 for no limit; `classes` those of single operations, by `POST /path`."""
        self._quotas = dict(quotas)
        self._classes = dict(classes or {})
        self._seconds = seconds
        self._full_at: dict[tuple[str, str], float] = {}
        self._names: dict[tuple[str, object], str] = {}
        self._policies = {
            name: (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (name.encode(), quota, WINDOW_SECONDS))
            for name, quota in quotas.items()
        }
        self._refused = rate_limit_metrics(registry)

    def admit(self, scope: Scope, caller: str) -> None:
        """Take a token for a request, once; raises the 429 problem where there is none.

        The scope keeps the fields of the answer, which are sent either way.
        """
        if STANDING in scope:
            return
        name = self._class_of(scope)
        quota = self._quotas.get(name, 0)
        if quota == 0:
            return
        now, place = self._seconds(), (caller, name)
        full_at = max(self._full_at.get(place, now), now) + WINDOW_SECONDS / quota
        lacking = full_at - now - WINDOW_SECONDS
        if lacking > _ROUNDING:
            # What is refused takes nothing, so that to ask too often does not make it worse.
            wait = math.ceil(lacking)
            scope[STANDING] = self._fields(name, 0, wait)
            self._refused.labels(name).inc()
            raise _refused(name, quota, wait)
        self._full_at[place] = full_at
        if len(self._full_at) > _MOST_BUCKETS:
            del self._full_at[next(iter(self._full_at))]
        left = int((WINDOW_SECONDS - (full_at - now)) * quota / WINDOW_SECONDS + _ROUNDING)
        scope[STANDING] = self._fields(name, left, math.ceil(full_at - now))

    def _fields(self, name: str, left: int, seconds: int) -> Fields:
        return self._policies[name], (b"ratelimit", f'"{name}";r={left};t={seconds}'.encode())

    def _class_of(self, scope: Scope) -> str:
        # The endpoint stands for its template, which is made once.
        place = (scope["method"], scope.get("endpoint"))
        name = self._names.get(place)
        if name is None:
            method = scope["method"]
            usual = READ if method in _READING else WRITE
            name = self._classes.get(f"{method} {table_of(scope['app']).template(scope)}", usual)
            if place[1] is not None:
                self._names[place] = name
        return name


def limiter_of(
    settings: ServiceSettings,
    classes: Mapping[str, str] | None = None,
    *,
    seconds: Callable[[], float] = time.monotonic,
) -> RateLimiter:
    """Make the limiter that the settings ask for."""
    quotas = {
        READ: settings.rate_limit_read,
        WRITE: settings.rate_limit_write,
        EXPORT: settings.rate_limit_export,
        BULK: settings.rate_limit_bulk,
    }
    return RateLimiter(quotas, classes, seconds=seconds)


_METRICS: WeakKeyDictionary[CollectorRegistry, Counter] = WeakKeyDictionary()


def rate_limit_metrics(registry: CollectorRegistry = REGISTRY) -> Counter:
    """Give the registry's counter of refused requests, made on first use."""
    if registry not in _METRICS:
        _METRICS[registry] = Counter(
            "http_requests_limited_total",
            "Requests answered with 429, since their key had used up what it may ask, by class of operation.",
            ("policy",),
            registry=registry,
        )
        for name in CLASSES:
            _METRICS[registry].labels(name)
    return _METRICS[registry]


def _refused(name: str, quota: int, wait: int) -> ProblemError:
    extensions: dict[str, Any] = {"violated-policies": [name]}
    return ProblemError(
        "too_many_requests",
        f"The limit {name} of {quota} requests a minute is used up: go on in {wait} s, and more slowly.",
        headers={"Retry-After": str(wait)},
        extensions=extensions,
    )
