"""The screens: what they show and what a gesture does."""
