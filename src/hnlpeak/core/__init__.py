"""Ground floor: errors, numbers with errors, units, compiled kernels, provenance."""
