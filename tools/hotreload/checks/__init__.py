"""What is checked before anything is sent: whether the module and the firmware still fit.

SPDX-License-Identifier: MIT
"""
