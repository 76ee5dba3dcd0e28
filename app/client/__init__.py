"""What a screen may ask, and what answers it from the network: ports, session, keys and the one gateway."""

import sys

# httpx tries to import a command line of its own, and with it click, rich and pygments where some tool installed them: a
# tenth of a second of every start. It copes with their absence, and nobody here has asked for them.
sys.modules.setdefault("httpx._main", None)  # pyright: ignore[reportArgumentType]
