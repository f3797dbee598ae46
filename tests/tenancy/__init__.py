"""Random calls by many organisations over private data, each answer searched for what its caller may not see."""
