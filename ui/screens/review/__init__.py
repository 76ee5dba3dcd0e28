"""Review by exception: the queue, one batch opened on what was noticed about it, and the signatures under it."""
