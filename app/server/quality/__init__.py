"""Deviations, corrective actions, change controls and the review of batch records."""
