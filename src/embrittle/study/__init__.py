"""A study: its settings, what it needs, where its files lie."""
