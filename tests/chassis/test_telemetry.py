import asyncio

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from chassis.health import Health, operations_app
from chassis.run import Loop, announce_loops
from chassis.telemetry import announce_build, dependency_metric, http_metrics, loop_metrics


async def scrape(registry: CollectorRegistry, accept: str = "text/plain") -> httpx.Response:
    app = operations_app(Health({}, registry=registry), registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://metrics") as client:
        return await client.get("/metrics", headers={"Accept": accept})


async def test_the_build_is_exported(registry: CollectorRegistry) -> None:
    announce_build("intake", "0.1.0", "abc", registry)
    assert 'build_info{commit="abc",service="intake",version="0.1.0"} 1.0' in (await scrape(registry)).text


async def test_the_scraper_chooses_the_format(registry: CollectorRegistry) -> None:
    http_metrics(registry)
    plain = await scrape(registry)
    open_metrics = await scrape(registry, "application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


def test_durations_fall_into_the_conventions_buckets(registry: CollectorRegistry) -> None:
    http_metrics(registry).observe("GET", "/v1", 200, 0.06)

    def bucket(bound: str) -> float | None:
        labels = {
            "http_request_method": "GET",
            "http_route": "/v1",
            "http_response_status_code": "200",
            "le": bound,
        }
        return registry.get_sample_value("http_server_request_duration_seconds_bucket", labels)

    assert (bucket("0.05"), bucket("0.075"), bucket("10.0")) == (0, 1, 1)


def test_a_registry_has_each_metric_once(registry: CollectorRegistry) -> None:
    assert http_metrics(registry) is http_metrics(registry)
    assert dependency_metric(registry) is dependency_metric(registry)
    assert loop_metrics(registry) is loop_metrics(registry)
    assert http_metrics(registry) is not http_metrics(CollectorRegistry())


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
async def test_no_series_tells_when_another_one_was_created(registry: CollectorRegistry, accept: str) -> None:
    http_metrics(registry).observe("GET", "/v1", 200, 0.06)
    Counter("things", "Things.", registry=registry).inc()
    text = (await scrape(registry, accept)).text
    assert "things_total 1.0" in text
    assert "_created" not in text


def test_no_caller_can_make_a_series_by_a_method_of_its_own(registry: CollectorRegistry) -> None:
    for method in ("BREW", "WHEN"):
        http_metrics(registry).observe(method, "unmatched", 405, 0.01)
    methods = {
        sample.labels["http_request_method"]
        for metric in registry.collect()
        for sample in metric.samples
        if "http_request_method" in sample.labels
    }
    assert methods == {"_OTHER"}


def test_a_dependency_is_down_until_its_first_check_and_a_loop_has_not_been_started_again(
    registry: CollectorRegistry,
) -> None:
    async def check() -> None:
        return

    async def run(_: asyncio.Event) -> None:
        return

    Health({"database": check}, registry=registry)
    announce_loops([Loop("relay", run)], registry)
    assert registry.get_sample_value("dependency_up", {"dependency": "database"}) == 0
    assert registry.get_sample_value("loop_restarts_total", {"loop": "relay"}) == 0
