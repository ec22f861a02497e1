"""Which fault explains which: what hangs on what, who was heard when, and what a page says of it. Pure."""
