"""Batchwright without its screens and its local store: rules, wire, client, server and what starts them."""
