"""Rates, widths and matrix elements: everything that is known without a detector."""
