"""From the beam to the detector: samples, random streams, generation, transport."""
