"""Named cuts: masks, cut-flow, N - 1."""
