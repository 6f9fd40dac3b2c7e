"""Guichet's console: what a person sees and decides, and what carries those decisions out."""
