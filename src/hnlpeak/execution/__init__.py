"""Running tasks: on threads, processes or any executor."""
