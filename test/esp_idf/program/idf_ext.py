"""Makes `idf.py reload` and `idf.py watch` known to ESP-IDF 5. SPDX-License-Identifier: MIT"""
import os
import sys

_PROJECT = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_PROJECT, "..", "..", "..", "tools"))

from hotreload.idf_extension import action_extensions  # noqa: E402,F401
