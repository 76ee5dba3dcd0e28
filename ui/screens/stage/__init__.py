"""One stage at work: its steps on the left, one step as a card on the right."""
