"""The exception whose text is shown to the user.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys


class ToolError(Exception):
    """An error that the user can act on: says what is wrong and what to do."""


def lacks_package(error: ModuleNotFoundError) -> str:
    """What to do about a Python without one of the tools' packages."""
    return (
        f"{sys.executable} lacks the package {error.name}: use the Python of ESP-IDF (run its "
        f"export.sh first), or {sys.executable} -m pip install click pyelftools"
    )


class FlashNeeded(ToolError):
    """Only another firmware helps: it has to be built and flashed."""


class NoBoard(ToolError):
    """No board was found, or none could be chosen. Waiting may help."""
