"""`python3 -m hotreload`, and the command `hotreload` of the installed package.

SPDX-License-Identifier: MIT
"""

import os
import sys

from hotreload.errors import lacks_package


def run() -> None:
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8":
        # The build's files are UTF-8, whatever the terminal is. Python decides that when it starts.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "hotreload", *sys.argv[1:]])
    try:
        from hotreload.cli import main
        from hotreload.report import show_any_text
    except ModuleNotFoundError as error:
        sys.exit(f"hotreload: {lacks_package(error)}")
    show_any_text()
    main(prog_name="hotreload")


if __name__ == "__main__":
    run()
