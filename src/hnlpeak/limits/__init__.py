"""The peak scan and its limits on N_S, B(M+ -> l+ N) and |U|^2; published limits."""
