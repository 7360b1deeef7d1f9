"""Everything that runs analyses many times."""
