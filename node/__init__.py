"""The running node: settings, commands, HTTP surfaces, background loops.

The one place that puts things together.
"""
