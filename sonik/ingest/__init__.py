"""Records in: typed records, readers, and their mapping to truth."""
