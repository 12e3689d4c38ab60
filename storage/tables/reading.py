"""Lists, filters, markers, followed tags, conversations, announcements, search."""
