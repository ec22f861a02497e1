"""Profiles ready for use: which one fits a device, how they are put together, and what devices share."""
