"""What the command line and idf.py's extension have in common.

SPDX-License-Identifier: MIT
"""

DEBOUNCE = 0.05
"""Seconds that files must rest after a change, unless `watch` is told otherwise."""
