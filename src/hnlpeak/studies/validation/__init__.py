"""Ours beside targets that the project did not choose: numbers of theory, detector performance, searches."""
