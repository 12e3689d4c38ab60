"""Uploaded and fetched media."""
