"""A finished search in the formats of others: HEPData, pyhf, HS3, ROOT, LaTeX; one file a format."""
