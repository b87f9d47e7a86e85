"""The guide says what a person has to make and to label before the manifests work."""

import json
import re

from tests.deploy.k8s.rendering import FOLDERS, K8S, ROOT, Resource, of_kind, render

GUIDE = (ROOT / "docs" / "guides" / "kubernetes.md").read_text()
README = (K8S / "README.md").read_text()


def secrets(resources: list[Resource]) -> set[str]:
    """Name the secrets that somebody has to make: all that manifests refer to, but for those that Strimzi makes."""
    text = json.dumps(resources)
    named = re.findall(r'"(?:secretKeyRef|passwordSecret)": \{[^}]*"name": "([^"]+)"', text)
    mounted = re.findall(r'"secretName": "([^"]+)"', text)
    users = {user["metadata"]["name"] for user in of_kind(resources, "KafkaUser")}
    return {*named, *mounted} - users


def labels(resources: list[Resource]) -> set[str]:
    """Name the labels that namespaces of others must carry."""
    return set(re.findall(r'"(redress/[a-z-]+)": "true"', json.dumps(resources)))


def test_the_guide_names_every_secret_that_has_to_be_there() -> None:
    wanted = {name for folder in FOLDERS for name in secrets(render(folder))}
    assert {"redress-keys", "redress-intake", "redress-log", "redress-postgres"} <= wanted
    assert {name for name in wanted if f"`{name}`" not in GUIDE} == set()


def test_the_guide_names_every_label_that_lets_somebody_in() -> None:
    wanted = {name for folder in FOLDERS for name in labels(render(folder))}
    assert {"redress/api-clients", "redress/metrics-clients", "redress/kafka-clients"} <= wanted
    assert {name for name in wanted if f"{name}=true" not in GUIDE} == set()


def test_every_component_and_overlay_is_explained() -> None:
    folders = [*(K8S / "components").iterdir(), *(K8S / "overlays").iterdir()]
    assert [folder.name for folder in folders if folder.name not in README] == []
