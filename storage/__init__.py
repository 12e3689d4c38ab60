"""Rows and files: the only package that speaks SQL. It returns domain values, never rows."""
