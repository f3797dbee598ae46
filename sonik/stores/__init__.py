"""One driver each: PostgreSQL, FalkorDB, LanceDB, Redis and the embedding model. Nobody above imports a driver."""
