"""Conversation with peers: verify, fetch, translate, deliver. Knows storage, communities and protocols; no HTTP server."""
