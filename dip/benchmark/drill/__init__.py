"""The crash drill: the server dies at every step of a message's life, and what it acknowledged is counted."""
