"""What the files of `collectors/` may hold, as their authors see it: profiles, vendors, names of models."""
