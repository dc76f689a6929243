"""Scrutiny Bridge: look into running firmware from Python.

The components live in the top-level folders of the repository (``core/``, ``sdk/``, ...). The links
in this folder make a checkout importable without installing it; an installed package has real
folders in their place.
"""

__version__ = "0.1.0"
