"""The workstation's memory against a real encrypted file."""
