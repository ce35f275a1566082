"""`python3 -m hotreload`.

SPDX-License-Identifier: MIT
"""

from hotreload.cli import main

main(prog_name="hotreload")
