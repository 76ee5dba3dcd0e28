"""The rules, checked without a database, a network or a screen."""
