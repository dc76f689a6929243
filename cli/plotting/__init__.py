"""Acquisitions drawn with letters, for terminals."""
