"""Uploads and pictures of peers: received, looked into, written anew, kept, served.

Nothing that a stranger made is decoded in this process: `worker` hands files to a process with
limits, which reads what they are and writes them anew without what was hidden in them.
"""
