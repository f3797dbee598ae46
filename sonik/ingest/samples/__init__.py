"""Sample markets that ship inside the package, so that a fresh installation has something to answer with."""
