"""Readers and linker of documents for the knowledge graph."""
