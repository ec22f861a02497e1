"""From what is written to what is ready; every mistake in a file becomes a Problem."""
