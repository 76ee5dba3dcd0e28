"""The plant's rules and records: frozen values, tables of moves and pure functions; standard library only."""
