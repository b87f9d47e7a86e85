"""The network policies let through what deploy/k8s/dependencies.toml declares, no more and no less."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from chassis.settings import describe_settings
from tests.deploy.k8s.planting import plant
from tests.deploy.k8s.rendering import (
    FOLDERS,
    K8S,
    Pod,
    Resource,
    named,
    of_kind,
    pods,
    redress_pods,
    render,
    selects,
)
from tests.deploy.k8s.test_settings import SETTINGS

TABLE: list[dict[str, Any]] = tomllib.loads((K8S / "dependencies.toml").read_text())["dependency"]
_REMOTE = re.compile(r"_(HOST|URL|SERVERS|ENDPOINT|ADDRESS)$")
_OWN_ADDRESSES = {"REDRESS_API_HOST", "REDRESS_METRICS_HOST", "REDRESS_PUBLIC_URL"}


@dataclass(frozen=True)
class Edges:
    """The ports that a pod may go out to and be asked on."""

    out: frozenset[str]
    into: frozenset[str]


def declared(pod: str, folder: str) -> Edges:
    """What the table says of a pod, by its deployment's or job's name."""
    out: set[str] = set()
    into: set[str] = set()
    for row in TABLE:
        ports = row["ports"] if isinstance(row["ports"], list) else row["ports"][folder.rpartition("/")[2]]
        if any(fnmatchcase(pod, pattern) for pattern in row["from"]):
            out.update(ports)
        if fnmatchcase(pod, row["to"]):
            into.update(ports)
    return Edges(frozenset(out), frozenset(into))


def allowed(pod: Pod, resources: list[Resource]) -> Edges:
    """What the policies that select the pod let through."""
    policies = [
        policy["spec"]
        for policy in of_kind(resources, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], pod.labels)
    ]
    return Edges(
        frozenset(port for spec in policies for rule in spec.get("egress", ()) for port in _ports(rule)),
        frozenset(port for spec in policies for rule in spec.get("ingress", ()) for port in _ports(rule)),
    )


def _ports(rule: Mapping[str, Any]) -> Iterator[str]:
    # A rule without ports allows all of them.
    for port in rule.get("ports", ({"protocol": "TCP", "port": "any"},)):
        yield f"{port['protocol']}/{port['port']}"


def own(pod: Pod) -> str:
    return str(pod.owner["metadata"]["name"])


def differing(resources: list[Resource], folder: str) -> dict[str, tuple[Edges, Edges]]:
    """What is let through and what is declared, for each pod where they differ."""
    found = {}
    for pod in redress_pods(resources):
        has, wants = (
            _own_ports(pod, edges) for edges in (allowed(pod, resources), declared(own(pod), folder))
        )
        if has != wants:
            found[own(pod)] = (has, wants)
    return found


def _own_ports(pod: Pod, edges: Edges) -> Edges:
    """Leave out what comes in on a port that the pod has not: a policy names ports for several kinds of pods."""
    ports = {port["name"] for port in pod.spec["containers"][0].get("ports", ())}
    return Edges(
        edges.out, frozenset(port for port in edges.into if port.partition("/")[2] in {*ports, "any"})
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_policies_let_through_what_is_declared(folder: str) -> None:
    assert differing(render(folder), folder) == {}


EVERYBODY = {"matchLabels": {"app.kubernetes.io/part-of": "redress"}}


@pytest.mark.parametrize(
    ("where", "field", "value", "pods_hit"),
    [
        ("NetworkPolicy/intake-database", "spec.egress", [], 3),
        ("NetworkPolicy/intake-database", "spec.egress.0.ports.0.port", 5433, 3),
        ("NetworkPolicy/intake-transport", "spec.podSelector", EVERYBODY, 6),
        ("NetworkPolicy/notifier-mail", "spec.podSelector", EVERYBODY, 8),
        ("NetworkPolicy/dns", "spec.egress", [{}], 9),
        ("NetworkPolicy/dns", "spec.podSelector", {"matchLabels": {"app": "nobody"}}, 9),
        ("NetworkPolicy/metrics-clients", "spec.ingress", [{}], 9),
        ("NetworkPolicy/capa-api-clients", "spec.ingress.0.ports.0.port", "metrics", 1),
    ],
)
def test_a_policy_that_lets_through_more_or_less_would_be_noticed(
    where: str, field: str, value: object, pods_hit: int
) -> None:
    resources = render("base")
    plant(resources, where, {field: value})
    assert len(differing(resources, "base")) == pods_hit


def test_every_setting_that_says_where_something_is_is_declared() -> None:
    listed = {setting for row in TABLE for setting in row.get("settings", ())}
    assert undeclared(listed) == set()
    assert undeclared(listed - {"REDRESS_NOTIFIER_SMTP_HOST"}) == {"REDRESS_NOTIFIER_SMTP_HOST"}


def undeclared(listed: set[str]) -> set[str]:
    """Name the settings of no row; a setting that all services share goes by its shared name."""
    variables = [info.variables for settings in SETTINGS.values() for info in describe_settings(settings)]
    remote = {names for names in variables if _REMOTE.search(names[1]) and names[1] not in _OWN_ADDRESSES}
    return {names[0] for names in remote if not listed & set(names)}


def test_every_declared_setting_exists() -> None:
    known = {
        name
        for settings in SETTINGS.values()
        for info in describe_settings(settings)
        for name in info.variables
    }
    assert {setting for row in TABLE for setting in row.get("settings", ())} <= known


@pytest.mark.parametrize("folder", ["overlays/local", "overlays/production"])
def test_what_runs_in_the_same_namespace_is_reached_by_its_pods_and_not_by_a_port_alone(folder: str) -> None:
    resources = render(folder)
    for policy in of_kind(resources, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", ()):
            sends_mail_outside = (
                policy["metadata"]["name"] == "notifier-mail" and folder == "overlays/production"
            )
            assert "to" in rule or sends_mail_outside, policy["metadata"]["name"]


def admitted(source: Pod, target: Pod, resources: list[Resource]) -> bool:
    """Whether the target's policies let the source in."""
    return any(
        selects(peer.get("podSelector"), source.labels)
        for policy in of_kind(resources, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], target.labels)
        for rule in policy["spec"].get("ingress", ())
        for peer in rule.get("from", ())
        if "podSelector" in peer
    )


def test_what_may_go_out_to_a_pod_is_let_in_by_it() -> None:
    resources = render("overlays/local")
    pairs = [
        (source, target)
        for source in redress_pods(resources)
        for policy in of_kind(resources, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], source.labels)
        for rule in policy["spec"].get("egress", ())
        for peer in rule.get("to", ())
        if "podSelector" in peer
        for target in pods(resources)
        if selects(peer["podSelector"], target.labels)
    ]
    assert {target.name for _, target in pairs} == {"StatefulSet/postgres", "Deployment/mail"}
    assert [
        (source.name, target.name) for source, target in pairs if not admitted(source, target, resources)
    ] == []


def test_the_operators_clusters_let_in_who_goes_out_to_them() -> None:
    resources = render("overlays/production")
    postgres = named(resources, "NetworkPolicy", "postgres")["spec"]
    (cluster,) = of_kind(resources, "Cluster")
    labels = {"cnpg.io/cluster": cluster["metadata"]["name"]}
    assert selects(postgres["podSelector"], labels)
    peers = [peer for rule in postgres["ingress"] for peer in rule["from"] if "podSelector" in peer]
    (listener,) = named(resources, "Kafka", "redress")["spec"]["kafka"]["listeners"]
    brokers = {"strimzi.io/cluster": "redress", "strimzi.io/name": "redress-kafka"}
    for pod in redress_pods(resources):
        assert any(selects(peer["podSelector"], pod.labels) for peer in peers)
        lets_in = any(
            selects(peer["podSelector"], pod.labels)
            for peer in listener["networkPolicyPeers"]
            if "podSelector" in peer
        )
        assert lets_in == ("TCP/9093" in declared(own(pod), "overlays/production").out)
    assert selects(
        named(resources, "NetworkPolicy", "intake-transport")["spec"]["egress"][0]["to"][0]["podSelector"],
        brokers,
    )
    assert selects(
        named(resources, "NetworkPolicy", "intake-database")["spec"]["egress"][0]["to"][0]["podSelector"],
        labels,
    )


def test_the_operator_of_postgresql_reaches_its_instances() -> None:
    rules = named(render("overlays/production"), "NetworkPolicy", "postgres")["spec"]["ingress"]
    own_ports = {
        port["port"]
        for rule in rules
        for peer in rule["from"]
        if peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
        == "cnpg-system"
        for port in rule["ports"]
    }
    assert own_ports == {5432, 8000}
