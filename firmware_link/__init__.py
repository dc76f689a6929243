"""Everything to talk to one device: frames, messages, exchange, session, transports, simulator."""
