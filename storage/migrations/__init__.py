"""Revisions of the schema, in order, and what applies one of them.

`versions/` holds a file for each revision, named by its number and written for alembic's
operations. A revision that was released is never edited.
"""
