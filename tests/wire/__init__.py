"""Records and commands there and back."""
