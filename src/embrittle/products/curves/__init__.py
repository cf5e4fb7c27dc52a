"""Figures 1 and 2: measures against iterations and against epsilon."""
