"""The one exception whose text is meant for the user.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations


class ToolError(Exception):
    """Something the user can act on: says what is wrong and what to do."""
