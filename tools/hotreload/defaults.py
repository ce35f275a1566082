"""What the command line and idf.py's extension have in common.

SPDX-License-Identifier: MIT
"""

DEBOUNCE = 0.05
"""Seconds that files must rest after a change, unless `watch` is told otherwise."""

BAUD = 115200
"""Of a serial port, where neither the command line nor the build says another rate."""
