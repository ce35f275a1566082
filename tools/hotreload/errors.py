"""The exception whose text is shown to the user.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations


class ToolError(Exception):
    """An error that the user can act on: says what is wrong and what to do."""


class FlashNeeded(ToolError):
    """Only another firmware helps: it has to be built and flashed."""


class NoBoard(ToolError):
    """No board is there. It may come."""
