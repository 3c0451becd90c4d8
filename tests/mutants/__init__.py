"""A check of the tests themselves: whether each fails when the cure that it holds is taken away.

Nothing here patches our code so that a test passes. ``catalogue`` lists small changes of our
sources, each of which takes one cure away; ``make mutants`` makes each of them in a copy of the
tree, one at a time, runs the tests that claim to hold that cure, and demands that they fail. See
docs/pitfalls.md.
"""
