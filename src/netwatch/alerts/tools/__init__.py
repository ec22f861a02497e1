"""What people do with rules beside running them: test, explain and export them. Pure."""
