"""Conversation with peers: verify, fetch, translate, deliver.

Knows storage, communities and protocols; it has no HTTP server and creates no tasks of its own.
"""
