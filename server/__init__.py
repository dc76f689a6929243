"""The daemon: one process, one event loop, one device, any number of clients."""
