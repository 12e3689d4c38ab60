"""The Mastodon client API: what apps of the fediverse call, over the use cases of this node.

Handlers read parameters, call one use case or one read, and answer with entities. They decide
nothing: `communities` does. Shapes are made in `protocols.mastodon`.
"""
