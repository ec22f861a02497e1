"""What is asked of a device at each poll, how the answer becomes readings, and plans kept over a restart."""
