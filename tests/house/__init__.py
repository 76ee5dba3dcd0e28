"""The laws of the house itself: walls, types, style, layout."""
