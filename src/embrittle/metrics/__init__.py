"""What lists are worth: measures, groups, fairness, and the tidy frames of a study."""
