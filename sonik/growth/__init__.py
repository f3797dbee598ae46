"""What comes of it: the campaigns and events of an organisation, and the people they reached."""
