"""Bookmarks, pins, scheduled posts and idempotency keys."""
