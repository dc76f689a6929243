"""Our devices with the stock server and SDK, which run in an environment of their own."""
