"""The OAuth 2 provider: people let apps in, and apps turn that into tokens.

It stands beside the surfaces: its pages are made by `node.web`, its answers are those of
`node.mastodon`, and what holds what is decided in `protocols.oauth` and `communities`.
"""
