"""How numbers are shown: markup, labels, style, and the published numbers beside ours."""
