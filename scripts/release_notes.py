"""Prints what CHANGELOG.md says of a release; refuses a tag that is not the version of the project.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Dict

ROOT = Path(__file__).resolve().parent.parent

_VERSION = r"(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)"
_PLACES = {
    "idf_component.yml": rf'^version: "{_VERSION}"$',
    "tools/hotreload/__init__.py": rf'^__version__ = "{_VERSION}"',
    "CHANGELOG.md": rf"^## {_VERSION}\b.*$",
}


def read_versions(root: Path = ROOT) -> Dict[str, str]:
    """The version in each file that names it; of the changelog, the newest release."""
    versions = {}
    for name, pattern in _PLACES.items():
        found = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        versions[name] = found.group(1) if found else "no version"
    return versions


def read_notes(changelog: str, version: str) -> str:
    """The text below the heading of a version."""
    _, _, rest = re.split(rf"^(## {re.escape(version)}\b.*)\n", changelog, 1, re.MULTILINE)
    return re.split(r"^## ", rest, 1, re.MULTILINE)[0].strip()


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit("usage: release_notes.py vX.Y.Z")
    version = sys.argv[1][len("v"):]
    wrong = {name: found for name, found in read_versions().items() if f"v{found}" != sys.argv[1]}
    for name, found in wrong.items():
        print(f"The tag is {sys.argv[1]}, but {name} has {found}", file=sys.stderr)
    if wrong:
        return 1
    print(read_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
