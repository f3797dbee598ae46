"""The main job: understand a question, find its seeds, expand, rank and pack the answer."""
