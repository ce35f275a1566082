"""Making the module: what its objects define and need, the stubs, the link, the packed file.

SPDX-License-Identifier: MIT
"""
