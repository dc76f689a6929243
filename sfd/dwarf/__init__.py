"""DWARF debug information, versions 2 to 5: entries, types, variables."""
