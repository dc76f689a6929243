"""As fast as the wire: our server and SDK, the bare loop and the peer, in one run."""
