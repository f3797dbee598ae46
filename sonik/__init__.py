"""Sonik's engine: truth, graph, vectors and retrieval for what is on and who is who in Latin America."""
