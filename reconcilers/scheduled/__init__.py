"""What the clock, templates and free capacity ask for, as passes: expiry, stamp, admission, drift."""
