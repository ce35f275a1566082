"""Lists the files of the component's package, by the rules of ESP-IDF's component manager.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import List

import yaml

ROOT = Path(__file__).resolve().parent.parent

# Those of the manager's own exclusions that could be committed, or are there after a build.
_NEVER = (
    ".github/**/*", ".vscode/**/*", "**/sdkconfig", "**/dependencies.lock", "**/build/**/*",
    "**/managed_components/**/*", "**/__pycache__/**/*",
)  # fmt: skip


def copy_repository(to: Path) -> Path:
    """Copies what is or could be committed."""
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                           cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def list_package(directory: Path) -> List[Path]:
    """The files and folders, relative to a copy of the repository."""
    manifest = yaml.safe_load((directory / "idf_component.yml").read_text(encoding="utf-8"))
    packed = set(directory.glob("**/*"))
    for pattern in (*_NEVER, *manifest["files"]["exclude"]):
        packed.difference_update(directory.glob(pattern))
    return sorted(path.relative_to(directory) for path in packed)


def unpack_component(copy: Path, to: Path) -> Path:
    """Makes the directory that a user gets of the component, from a copy of the repository."""
    for path in list_package(copy):
        if (copy / path).is_file():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(copy / path, to / path)
    return to


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        for name in list_package(copy_repository(Path(temporary))):
            print(name)
