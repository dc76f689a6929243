"""What clients can do: one session object without I/O per client, and the websocket around it."""
