"""What keeps a service there while pods and nodes go."""

from collections.abc import Sequence

from tests.deploy.k8s.policies.rule import Complaints, each_container
from tests.deploy.k8s.rendering import Resource, of_kind, pods, selects


def long_running_pods_are_probed(resources: Sequence[Resource]) -> Complaints:
    """What serves says when it is ready."""
    for pod, container, where in each_container(resources):
        if pod.owner["kind"] != "Job" and "readinessProbe" not in container:
            yield f"{where} has no readinessProbe"


def replicas_are_spread(resources: Sequence[Resource]) -> Complaints:
    """Several replicas go to several zones and nodes as far as there are any."""
    for pod in pods(resources):
        if pod.owner["kind"] != "Deployment" or pod.owner["spec"].get("replicas") == 1:
            continue
        keys = {
            constraint["topologyKey"]
            for constraint in pod.spec.get("topologySpreadConstraints", ())
            if selects(constraint["labelSelector"], pod.labels)
        }
        if keys != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{pod.name} is spread over {sorted(keys)}"


def disruptions_are_budgeted(resources: Sequence[Resource]) -> Complaints:
    """One budget for each service's deployment, which always lets a node be drained."""
    budgets = of_kind(resources, "PodDisruptionBudget")
    for budget in budgets:
        spec, where = budget["spec"], f"PodDisruptionBudget/{budget['metadata']['name']}"
        if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{where} lets what is not ready hold up a drain"
        if not isinstance(spec.get("maxUnavailable"), int) or spec["maxUnavailable"] < 1:
            yield f"{where} allows no disruption"
    for pod in pods(resources):
        if pod.owner["kind"] == "Deployment" and "app.kubernetes.io/component" in pod.labels:
            own = [each for each in budgets if selects(each["spec"]["selector"], pod.labels)]
            if len(own) != 1:
                yield f"{pod.name} has {len(own)} budgets"


def one_scaler_for_a_target(resources: Sequence[Resource]) -> Complaints:
    """Not both an autoscaler and KEDA, each on something that is there and fixes no number of its own."""
    scalers = of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")
    targets = [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers]
    deployments = {found["metadata"]["name"]: found for found in of_kind(resources, "Deployment")}
    for name in sorted(set(targets)):
        if targets.count(name) > 1:
            yield f"{name} has {targets.count(name)} scalers"
        if name not in deployments:
            yield f"{name} is scaled and not there"
        elif "replicas" in deployments[name]["spec"]:
            yield f"{name} is scaled and has a number of replicas too"
