"""Puts the folders of the tools and of their tests on sys.path.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), *(str(ROOT / name) for name in ("tools", "scripts", "test/tools"))]
