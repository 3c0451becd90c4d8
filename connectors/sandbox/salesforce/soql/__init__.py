"""SOQL as the sandbox understands it: grammar, meaning and running."""
