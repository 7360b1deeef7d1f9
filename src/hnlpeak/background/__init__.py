"""Background under each mass hypothesis."""
