"""Host tools of hotreload: build, pack and send modules.

SPDX-License-Identifier: MIT
"""

__version__ = "0.2.0"  # as in idf_component.yml and CHANGELOG.md, which a test compares
