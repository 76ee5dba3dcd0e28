"""The private keyring of the headless demo, for tests of what the operating system's keyring does."""

from app.launch.demo.private_keyring import KeyringSession, keyring_session

__all__ = ["KeyringSession", "keyring_session"]
