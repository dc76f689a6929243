"""Recordings of the device's datalogger: asked for, fetched, stored."""
