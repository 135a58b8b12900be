"""The parts of a server, put together in groups."""
