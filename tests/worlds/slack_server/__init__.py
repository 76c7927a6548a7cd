"""A Slack workspace for tests: channels, messages with metadata, threads, limits; what is sent is held to slack_sdk's models."""

from worlds.slack_server.site import BOT, SlackChannel, SlackServer

__all__ = ["BOT", "SlackChannel", "SlackServer"]
