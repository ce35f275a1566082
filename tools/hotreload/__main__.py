"""`python3 -m hotreload`.

SPDX-License-Identifier: MIT
"""

import os
import sys

from hotreload.report import show_any_text

if os.name == "posix" and sys.getfilesystemencoding() != "utf-8":
    # The build's files are UTF-8, whatever the terminal is. Python decides that when it starts.
    os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "hotreload", *sys.argv[1:]])
show_any_text()

from hotreload.cli import main  # noqa: E402

main(prog_name="hotreload")
