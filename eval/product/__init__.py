"""The product's own set: questions over the world of three cities, in Spanish, Portuguese and English.

What answers a question is computed by SQL from the world's labelled truth, as far as its sources tell it; nobody
judges by hand. The moment is frozen, so that tonight is always the same night.
"""
