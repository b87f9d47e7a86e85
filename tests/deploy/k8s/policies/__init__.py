"""The rules that every rendered manifest keeps: each function says what breaks it.

They are those that kube-linter applies by default, written anew because it comes in no package, and some of our own.
"""

from tests.deploy.k8s.policies import availability, containers, pods, references
from tests.deploy.k8s.policies.rule import Rule

RULES: tuple[Rule, ...] = (
    containers.images_are_pinned,
    containers.secrets_come_by_reference,
    containers.no_variable_twice,
    containers.nobody_is_root,
    containers.roots_are_read_only,
    containers.no_privileges,
    containers.system_calls_are_filtered,
    containers.no_port_for_ssh,
    containers.memory_is_bounded_and_cpu_is_not,
    pods.no_namespace_of_the_host,
    pods.no_folder_of_the_host,
    pods.temporary_folders_are_bounded,
    pods.volumes_are_what_is_mounted,
    pods.accounts_exist_and_have_no_token,
    pods.no_variables_from_services,
    pods.pods_are_closed_by_default,
    references.known_api_versions,
    references.services_find_pods,
    references.selectors_match_templates,
    references.target_ports_exist,
    references.probe_ports_exist,
    references.references_lead_somewhere,
    references.jobs_run_what_deployments_run,
    references.everything_is_in_one_namespace,
    availability.long_running_pods_are_probed,
    availability.replicas_are_spread,
    availability.disruptions_are_budgeted,
    availability.one_scaler_for_a_target,
)

__all__ = ["RULES", "Rule", "availability", "containers", "pods", "references"]
