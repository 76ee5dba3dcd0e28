"""The desktop's screens: views, view models and the one door from a slot to a coroutine."""
