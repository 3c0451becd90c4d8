"""How signals come in: signature, envelope, and the writing of what was accepted."""
