"""The audit: every call leaves a row, rows are sealed in a chain of batches, and anyone can check the chain."""
