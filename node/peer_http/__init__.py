"""What peers talk to: inboxes, actors, objects and collections, and the well-known documents."""
