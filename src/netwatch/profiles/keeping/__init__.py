"""Compiled profiles from one run to the next: as JSON, in the cache folder of the user."""
