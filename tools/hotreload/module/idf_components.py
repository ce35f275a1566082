"""Which component of ESP-IDF has a header or declares a function, whether it is built or not.

Reads all of ESP-IDF's public headers, so only for the advice after a failure.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from typing import Iterator, List, NamedTuple, Optional

from hotreload.project_description import read_project_description

_SKIPPED = {"examples", "host_test", "priv_include", "private_include", "src", "test", "test_apps"}


class Header(NamedTuple):
    """A public header of a component."""

    component: str
    path: str

    @property
    def name(self) -> str:
        """The name that #include most likely uses."""
        return self.path.rpartition("/include/")[2]


def find_header(build_dir: str, name: str) -> Optional[Header]:
    """The component that has a header, named as in #include."""
    for header in _headers(build_dir):
        if header.path.endswith(f"/include/{name}"):
            return header
    return None


def find_declaring_header(build_dir: str, function: str) -> Optional[Header]:
    """The header that declares a function; that of the component with the likeliest name first."""
    word = function.encode()
    declaration = re.compile(rb"^[A-Za-z_][^#/;={}\n]*\b" + re.escape(word) + rb"\s*\(", re.M)
    found: List[Header] = []
    for header in _headers(build_dir):
        try:
            with open(header.path, "rb") as file:
                content = file.read()
        except OSError:
            continue
        if word in content and declaration.search(content):
            found.append(header)
    found.sort(key=lambda header: not function.startswith(header.component))
    return found[0] if found else None


def _headers(build_dir: str) -> Iterator[Header]:
    root = os.path.join(_idf_path(build_dir) or os.devnull, "components")
    for component in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        for directory, names, files in os.walk(os.path.join(root, component)):
            names[:] = sorted(set(names) - _SKIPPED)
            directory = directory.replace(os.sep, "/") + "/"
            if "/include/" in directory:
                yield from (Header(component, directory + f) for f in files if f.endswith(".h"))


def _idf_path(build_dir: str) -> Optional[str]:
    """None if the build is not ESP-IDF's."""
    path = read_project_description(build_dir).get("idf_path")
    return str(path) if path else None
