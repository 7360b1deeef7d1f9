"""Files in and out: ROOT, UHI JSON, CSV, and the folder of a result."""
