"""Who works at this station now."""
