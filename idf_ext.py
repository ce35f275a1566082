"""idf.py reload and idf.py watch; ESP-IDF 6 loads this file by itself if it trusts the component.

SPDX-License-Identifier: MIT
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))

from hotreload.idf_extension import action_extensions  # noqa: E402,F401
