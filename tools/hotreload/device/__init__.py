"""Reaching a device: finding it, HTTP, the serial line, and how uploads are signed.

SPDX-License-Identifier: MIT
"""
