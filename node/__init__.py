"""The running node: settings, commands, HTTP surfaces, background loops; the one place that puts things together."""
