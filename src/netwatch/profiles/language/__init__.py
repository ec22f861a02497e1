"""The expression language of profiles: what may stand in `value:` and the like, and what it gives."""
