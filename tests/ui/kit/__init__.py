"""The kit of widgets: its look, its behaviour, and a gallery to look at."""
