"""Programs that work on this repository; nothing of it is installed."""
