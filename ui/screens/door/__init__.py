"""Before anybody can sign in: enrolling this workstation, opening its file, or saying why it can't be opened."""
