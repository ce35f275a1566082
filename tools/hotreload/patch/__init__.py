"""Patches: only what changed since the base, the whole module that runs, linked against the base.

SPDX-License-Identifier: MIT
"""
