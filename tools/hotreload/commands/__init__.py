"""The commands that users call.

SPDX-License-Identifier: MIT
"""
