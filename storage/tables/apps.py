"""Apps, their codes and tokens."""
