"""What can be set of a component."""

from __future__ import annotations

#: What `--set` takes, with the words for its type.
FIELDS = {
    "cpu": "CPU, such as 250m",
    "memory": "memory, such as 256Mi",
    "storage": "disk, such as 1Gi, at most 20Gi",
    "replicas": "1 to 10",
    "port": "port the container listens on; it is told in PORT",
    "path": "URL path under the preview's host; a component without one is not exposed",
    "healthPath": "path of the HTTP probes; without one the port is probed",
    "env.NAME": "plain environment variable; never a secret",
    "secrets.NAME": "environment variable from AWS Secrets Manager: name or name#property",
    "command": "the container's command; once an item",
    "args": "its arguments; once an item",
    "runAsUser": "numeric user, when the image names none",
}
