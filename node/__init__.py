"""The running node: settings, commands, HTTP, loops; the one place that composes the rest."""
