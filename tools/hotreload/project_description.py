"""What ESP-IDF says of a build: project_description.json.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict

from hotreload.files import open_text


def read_project_description(build_dir: str) -> Dict[str, Any]:
    """Empty if there is none: the build is not ESP-IDF's, or not made yet."""
    try:
        with open_text(os.path.join(build_dir, "project_description.json")) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
