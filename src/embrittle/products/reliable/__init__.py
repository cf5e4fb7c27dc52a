"""What attacks on the ranking leave of each model, beside the papers' attacks (docs/reliable.md)."""
