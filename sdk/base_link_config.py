"""What the parameters of all links have in common."""

from __future__ import annotations


class BaseLinkConfig:
    """Base of the parameters of a link."""
