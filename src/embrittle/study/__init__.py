"""A study: its settings, its jobs and the paths of its files."""
