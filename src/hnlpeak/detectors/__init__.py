"""One file, one kind of detector: what it is, how it is packed, how it responds."""
