"""ActivityPub between this node and its peers: handlers inward, rendering outward.

One translator each way (`to_domain`, `from_domain`); handlers never build a URL and never see a
private key.
"""
