"""What a source answered, row by row: from rows to entities and readings."""
