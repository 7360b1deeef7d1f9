"""Searches: which samples one needs, how they join, and the folder it is kept in."""
