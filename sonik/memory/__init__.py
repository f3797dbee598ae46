"""What agents want to remember: notes, outcomes and decisions, kept in truth and found again by text or session."""
