"""Why there is no device at the end of a link, and what to do: each cause from what is observed.

``findings`` says what can be found; ``opening``, ``latency_timer`` and ``port_holders`` look at the
system, ``hearing`` judges octets, ``line`` gets them, and ``examination`` does all of it in order.
"""
