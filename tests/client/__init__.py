"""What a screen asks and what guards it: ports, keys, the vault and the gateway."""
