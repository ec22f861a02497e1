"""Settings and secrets: read strictly, with the place and the remedy of every mistake."""
