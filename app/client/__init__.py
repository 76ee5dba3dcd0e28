"""What a screen may ask, and what answers it from the network: ports, session, keys and the one gateway."""
