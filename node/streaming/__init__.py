"""Streaming: what happens here, to apps that listen, as it happens.

One hub reads the event log once for all who listen, beside the writer, and only while somebody
does. Nothing is kept: who comes back reads the timelines again.
"""
