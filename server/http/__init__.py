"""How Sonik is reached over HTTP: the app, who is let in, how much a caller may do, and workers on a port."""
