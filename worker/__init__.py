"""The imperative shell around the core.

Store, intake, delivery, escalation, responses, write-back, clock, web and command line.
"""
