"""A Jira Cloud site for tests: issues with comments, properties and remote links, held to what Atlassian publishes."""

from worlds.faulty import Fault, Killed
from worlds.jira_server.front import Direct, JiraFront
from worlds.jira_server.site import Issue, JiraServer

__all__ = ["Direct", "Fault", "Issue", "JiraFront", "JiraServer", "Killed"]
