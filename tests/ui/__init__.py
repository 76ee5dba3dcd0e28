"""View models without Qt, views on the application's own loop."""
