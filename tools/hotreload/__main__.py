"""`python3 -m hotreload`."""

from hotreload.cli import main

main(prog_name="hotreload")
