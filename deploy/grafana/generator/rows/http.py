"""What an API answers, how fast, and what it refuses."""

from typing import Final

from deploy.grafana.generator.model import Level, Panel, Query, Row
from deploy.grafana.generator.promql import of, per_hour, quantile, rate, total

DURATION: Final = "http_server_request_duration_seconds"
SERVER_ERROR: Final = 'http_response_status_code=~"5.."'
ROUTES: Final = 'http_route=~"/v1/.*|unmatched"'


def http() -> Row:
    """Give the row of an API: rate, errors and duration."""
    return Row(
        "API",
        (
            Panel(
                title="Requests by route",
                description="Answered requests per second, without those of the documentation. Unmatched are those for which there is "
                "no route.",
                unit="reqps",
                queries=(Query(total(rate(f"{DURATION}_count", ROUTES), by="http_route"), "{{http_route}}"),),
                runbook="requests-failing",
            ),
            Panel(
                title="Server errors",
                description="Answers with a status of 500 or above, per second. 503 says that the database is away or its "
                "connections are used up; the client is told when to try again.",
                unit="reqps",
                queries=(
                    Query(
                        total(rate(f"{DURATION}_count", SERVER_ERROR), by="http_response_status_code"),
                        "{{http_response_status_code}}",
                    ),
                ),
                runbook="requests-failing",
            ),
            Panel(
                title="Failing routes",
                description="Routes that answer with a status of 500 or above, per second.",
                unit="reqps",
                queries=(
                    Query(
                        f"{total(rate(f'{DURATION}_count', SERVER_ERROR), by='http_route')} > 0",
                        "{{http_route}}",
                    ),
                ),
                runbook="requests-failing",
                may_be_empty="no route fails in a healthy system",
            ),
            Panel(
                title="Callers refused",
                description="Requests per hour that were refused for who asked, by why: what was presented is not valid, or does "
                "not allow what was asked. A rise is a client with an old key, or somebody who tries keys.",
                unit="short",
                queries=(Query(total(per_hour("auth_refusals_total"), by="reason"), "{{reason}}"),),
                runbook="requests-failing",
            ),
            Panel(
                title="Callers told to slow down",
                description="Requests per hour that were answered with 429, since their key had used up what it may ask, by class of "
                "operation.",
                unit="short",
                queries=(Query(total(per_hour("http_requests_limited_total"), by="policy"), "{{policy}}"),),
                runbook="requests-failing",
            ),
            Panel(
                title="Refusals",
                description="Answers with a status from 400 to 499, per second: what clients send wrongly, or may not do. A "
                "rise after a client's release is the client's.",
                unit="reqps",
                queries=(
                    Query(
                        total(
                            rate(f"{DURATION}_count", 'http_response_status_code=~"4.."'),
                            by="http_response_status_code",
                        ),
                        "{{http_response_status_code}}",
                    ),
                ),
                runbook="requests-failing",
                may_be_empty="a refusal has no series before the first of its status",
            ),
            Panel(
                title="Time to answer",
                description="Half, 95 % and 99 % of requests were answered within these times.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, DURATION), name)
                    for level, name in ((0.5, "half"), (0.95, "95 %"), (0.99, "99 %"))
                ),
                runbook="intake-latency-burn",
                levels=(Level(0.25, "orange"),),
                may_be_empty="no quantile exists while nothing is asked",
            ),
            Panel(
                title="Slowest routes",
                description="95 % of a route's requests were answered within this time.",
                unit="s",
                queries=(Query(quantile(0.95, DURATION, by="http_route"), "{{http_route}}"),),
                runbook="intake-latency-burn",
                may_be_empty="no quantile exists while nothing is asked",
            ),
            Panel(
                title="Requests being answered",
                description="Requests in work at the moment of the scrape. A number that only rises says that the database "
                "answers too slowly.",
                unit="short",
                queries=(Query(total(of("http_server_active_requests"), by="job"), "{{job}}"),),
                runbook="intake-latency-burn",
            ),
        ),
    )
