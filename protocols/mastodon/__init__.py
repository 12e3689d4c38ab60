"""Shapes of the Mastodon client API: entities as dictionaries, made of plain values.

Nothing here knows of storage or of the domain; times are aware datetimes, ids are numbers.
"""
