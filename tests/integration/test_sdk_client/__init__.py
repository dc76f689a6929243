"""The client with real sockets and threads, against a server that follows a script."""
