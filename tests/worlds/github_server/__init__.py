"""A GitHub for tests: on a real bare Git repository, held against GitHub's published OpenAPI description."""

from worlds.github_server.server import Fault, GitHubServer, Reply, add_app

__all__ = ["Fault", "GitHubServer", "Reply", "add_app"]
