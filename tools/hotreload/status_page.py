"""Makes the C file with the status page from its HTML. The build runs it: status_page.py HTML C.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import sys
from pathlib import Path


def _hash(page: str, tag: str) -> str:
    """How a Content-Security-Policy names the content of an element."""
    found = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert found
    return base64.b64encode(hashlib.sha256(found.group(1).encode()).digest()).decode()


def compress_page(page: str) -> bytes:
    """The page as it is sent, without comments and indentation. Its policy names its script."""
    page = re.sub(r"\n\s*(//.*\n\s*)?", "\n", page)
    page = page.replace("SCRIPT", _hash(page, "script")).replace("STYLE", _hash(page, "style"))
    return gzip.compress(page.encode(), 9, mtime=0)


def main() -> None:
    source, output = map(Path, sys.argv[1:])
    data = compress_page(source.read_text(encoding="utf-8"))
    output.write_text(
        '#include "receive/requests.h"\n'
        f"const uint8_t hotreload_page[] = {{{','.join(map(str, data))}}};\n"
        "const size_t hotreload_page_size = sizeof hotreload_page;\n"
    )


if __name__ == "__main__":
    main()
