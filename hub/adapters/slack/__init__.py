"""Slack, by its Web API: previews are told of in channels."""
