"""The locks of images agree with the workspace's."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_services_lock_pins_the_versions_of_the_workspace() -> None:
    whole = pins(ROOT / "requirements.lock")
    for service in ("intake", "capa", "notifier"):
        own = pins(ROOT / "services" / service / "requirements.lock")
        assert own.items() <= whole.items()
        assert "pytest" not in own


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), re.MULTILINE))
