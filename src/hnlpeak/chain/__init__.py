"""One sample: generate, trigger, compact, reconstruct, select, fill."""
