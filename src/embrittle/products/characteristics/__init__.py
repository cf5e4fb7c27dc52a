"""Figure 3: what density, size and shape of the data change."""
