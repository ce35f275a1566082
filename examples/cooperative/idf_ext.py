"""Makes `idf.py reload` and `idf.py watch` known to idf.py.

In other projects `idf.py hotreload-idf-ext` writes it. Only a clone in components/ with ESP-IDF 6 and the build
directory `build` does without.

SPDX-License-Identifier: MIT
"""
import os
import sys

_PROJECT = os.path.dirname(os.path.abspath(__file__))

# From the component registry, or from the repository that this example is in.
for _component in ("../..", "managed_components/igrr__hotreload"):
    sys.path.insert(0, os.path.join(_PROJECT, _component, "tools"))

from hotreload.idf_extension import action_extensions  # noqa: E402,F401
