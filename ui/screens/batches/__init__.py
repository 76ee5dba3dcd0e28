"""The list of batches, the plan of a new one, and the overview of one batch."""
