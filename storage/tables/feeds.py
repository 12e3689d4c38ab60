"""Boosts, tags and favourites, as timelines read them."""
