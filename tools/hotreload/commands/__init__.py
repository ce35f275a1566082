"""What the user calls, apart from the steps of the build.

SPDX-License-Identifier: MIT
"""
