"""Where a tool is missing, tests are left out loudly, and with CI=true they fail."""

from pathlib import Path

import pytest

from tests.deploy.k8s.rendering import kubectl, need_tools

OLD = """#!/bin/sh
echo "clientVersion: {}"
echo "kustomizeVersion: v4.5.7"
"""


@pytest.fixture(autouse=True)
def _a_machine_with_an_old_kubectl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text(OLD)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("REDRESS_KUBERNETES_CACHE", str(tmp_path / "absent"))
    monkeypatch.delenv("CI", raising=False)


def test_a_kubectl_that_is_too_old_is_a_skip_that_says_how_to_get_another() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"Kustomize 5 .* run scripts/kubernetes_tools\.sh"):
        kubectl()


def test_missing_definitions_are_a_skip_that_says_how_to_get_them() -> None:
    with pytest.raises(
        pytest.skip.Exception, match=r"definitions are missing: run scripts/kubernetes_tools\.sh"
    ):
        need_tools()


def test_where_ci_runs_a_missing_tool_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    for ask in (kubectl, need_tools):
        with pytest.raises(pytest.fail.Exception):
            ask()
