"""The guides that there are, by the name of their system; each is read on first use."""

from __future__ import annotations

from importlib import import_module

from connectors.guiding import Guide

SYSTEMS = ("salesforce", "hubspot", "slack")


def guide_of(system: str) -> Guide:
    """The guide of one of ``SYSTEMS``."""
    guide: Guide = import_module(f"connectors.{system}.guide").GUIDE
    return guide
