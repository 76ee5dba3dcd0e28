"""Data sets that others published, read with suspicion and brought in as transcribed records."""
