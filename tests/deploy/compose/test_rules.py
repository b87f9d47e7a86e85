"""docker-compose.yml keeps every rule, and each rule finds the mistake that is planted for it."""

from collections.abc import Callable

import pytest

from tests.deploy.compose import rules
from tests.deploy.compose.document import Compose, read_compose
from tests.deploy.compose.rules import RULES, Rule

Plant = Callable[[Compose], object]


def edit(name: str, **changes: object) -> Plant:
    return lambda compose: compose["services"][name].update(changes)


def drop(name: str, *keys: str) -> Plant:
    def plant(compose: Compose) -> None:
        for key in keys:
            del compose["services"][name][key]

    return plant


def environment(name: str, variable: str) -> Plant:
    return lambda compose: compose["services"][name]["environment"].update({variable: "x"})


def wait(name: str, other: str, **how: object) -> Plant:
    def plant(compose: Compose) -> None:
        waits = compose["services"][name].setdefault("depends_on", {})
        waits[other] = {"condition": "service_healthy", **how}

    return plant


PLANTED: list[tuple[Rule, Plant, str]] = [
    (rules.images_are_pinned, edit("mail", image="axllent/mailpit:latest"), "mail"),
    (rules.images_are_pinned, edit("mail", image="axllent/mailpit"), "mail"),
    (rules.ports_are_on_loopback, edit("intake-api", ports=["0.0.0.0:8001:8000"]), "intake-api"),
    (rules.ports_are_on_loopback, edit("intake-api", ports=["8001:8000"]), "intake-api"),
    (rules.what_goes_on_is_asked_for_its_health, drop("grafana", "healthcheck"), "grafana"),
    (
        rules.variables_are_settings_of_their_service,
        environment("intake-api", "REDRESS_KAFKA_BOOTSTRAP_SERVRES"),
        "BOOTSTRAP_SERVRES",
    ),
    (
        rules.variables_are_settings_of_their_service,
        environment("capa-worker", "REDRESS_NOTIFIER_SMTP_HOST"),
        "capa-worker: REDRESS_NOTIFIER_SMTP_HOST",
    ),
    (rules.variables_are_settings_of_their_service, environment("kafka", "REDRESS_PEPPER"), "kafka"),
    (rules.secrets_are_files, environment("capa-api", "REDRESS_CAPA_DATABASE_URL"), "capa-api"),
    (rules.secrets_are_files, environment("postgres", "POSTGRES_PASSWORD"), "postgres"),
    (
        rules.a_service_gets_its_own_secrets_alone,
        edit("intake-api", secrets=["redress_capa_database_url"]),
        "intake-api",
    ),
    (rules.what_is_named_is_declared, edit("mail", networks=["outside"]), "outside"),
    (rules.what_is_named_is_declared, edit("mail", volumes=["letters:/data"]), "letters"),
    (rules.what_is_named_is_declared, edit("mail", volumes=["./confg:/config:ro"]), "./confg"),
    (rules.what_is_declared_is_used, drop("grafana", "volumes"), "grafana"),
    (rules.waits_fit_what_is_waited_for, wait("intake-api", "intake-migrate"), "intake-migrate"),
    (rules.waits_fit_what_is_waited_for, wait("intake-api", "postgers"), "postgers"),
    (rules.waits_fit_what_is_waited_for, wait("intake-api", "mail"), "profile"),
    (rules.nothing_waits_for_itself, wait("postgres", "intake-api"), "postgres"),
    (rules.processes_wait_for_all_that_they_need, drop("capa-worker", "depends_on"), "capa-worker"),
    (rules.containers_are_confined, edit("capa-api", read_only=False), "capa-api: read_only"),
    (rules.containers_are_confined, edit("capa-api", cap_add=["SYS_ADMIN"]), "cap_drop"),
    (rules.containers_are_confined, drop("mail", "security_opt"), "no-new-privileges"),
    (rules.containers_are_confined, drop("mail", "deploy"), "mail: memory"),
    (rules.containers_are_confined, drop("mail", "logging"), "log rotation"),
    (rules.containers_are_confined, edit("postgres", user="0:0"), "postgres: user"),
    (rules.services_have_time_to_stop, edit("capa-worker", stop_grace_period="10s"), "capa-worker"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_file_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(read_compose())) == []


@pytest.mark.parametrize(
    ("rule", "plant", "said"), PLANTED, ids=[f"{rule.__name__}-{said}" for rule, _, said in PLANTED]
)
def test_a_planted_mistake_is_found(rule: Rule, plant: Plant, said: str) -> None:
    compose = read_compose()
    plant(compose)
    assert said in "\n".join(rule(compose))


def test_every_rule_has_a_planted_mistake() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
