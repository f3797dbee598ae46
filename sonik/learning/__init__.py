"""What use teaches: the traversal log, verdicts on it, and the weights, blockers and hot paths drawn from both."""
