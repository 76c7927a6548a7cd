"""Whom people sign in by. `port` says what the hub asks of one."""
