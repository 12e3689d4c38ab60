"""Mutes, notes, endorsements and blocked hosts of people."""
