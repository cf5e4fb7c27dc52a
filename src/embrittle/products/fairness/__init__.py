"""Tables 2 and 3 and their heat map: what perturbations do to groups."""
