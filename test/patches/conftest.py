"""Puts the folders of the tools and of their tests on sys.path.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
