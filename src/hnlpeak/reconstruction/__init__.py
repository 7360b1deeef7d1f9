"""From hits to candidates: track, vertex, identification, missing mass, calibration of the beam."""
