"""A workstation and a server with a bad network between them."""
