"""The webhook listener: what comes in is proved, kept with its job in one transaction, and only then acknowledged."""
