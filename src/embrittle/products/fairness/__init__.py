"""Tables 2 and 3 and their heat map: the effect of perturbations on groups of users and items."""
