"""The functional core: decides who must act on a signal, and why. No I/O, no clock, no SQL."""
