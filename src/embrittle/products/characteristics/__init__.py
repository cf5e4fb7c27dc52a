"""Figure 3: how the loss under attack depends on density, size and shape of the data."""
