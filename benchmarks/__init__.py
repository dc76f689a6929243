"""How fast we are, against a ceiling measured in the same run; see README.md in this folder."""
