"""Host tools of hotreload: build, pack and send modules.

SPDX-License-Identifier: MIT
"""
