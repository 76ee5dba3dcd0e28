"""How records and commands cross the network: adapters, envelopes, paths and refusal bodies."""
