"""Looks at everything that a worker depends on, and says of each what is wrong and how to mend it.

Nothing outside is changed: no message is posted, no task is left behind.
"""
