"""Properties run the same cases every time, and without a deadline: a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
