"""A whole table at once: from the arrays that a wire fetched to a Block."""
