"""What an ELF file holds besides debug information: sections, segments, build id."""
