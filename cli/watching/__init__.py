"""What ``scrutiny watch`` and ``scrutiny log`` are made of."""
