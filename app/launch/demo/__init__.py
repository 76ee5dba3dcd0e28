"""The whole plant on this machine: a demo plant of our own making, and a shift that proves itself."""
