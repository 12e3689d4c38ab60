"""ActivityStreams 2.0 and ActivityPub as values.

Parsing, rendering, contexts, audiences, collections and integrity proofs; no network, no storage.
"""
