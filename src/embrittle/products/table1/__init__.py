"""Table 1: the measures before and after each perturbation."""
