"""One file a command: read, call one function, write."""
