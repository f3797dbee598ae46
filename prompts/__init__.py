"""What agents are told: prompts per language, as files, and their loader."""
