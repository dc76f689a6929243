"""Words that every component speaks: data types, values, watchables. No I/O, no sockets."""
