"""Firmware descriptions: what a program's debug information says about its variables."""
