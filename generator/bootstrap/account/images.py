"""Which images a repository of ECR keeps, as its lifecycle policy."""

from __future__ import annotations

import json

from generator.bootstrap.account.objects import Repository


def lifecycle(repository: Repository) -> str:
    """The policy's text (ECR User Guide, "Lifecycle policy properties"): rules by their priority, lowest first."""
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": repository.untagged_days,
    }
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": repository.newest}
    rules = [
        {"rulePriority": priority, "description": description, "selection": selection, "action": {"type": "expire"}}
        for priority, (description, selection) in enumerate(
            [("untagged", untagged), (f"all but the newest {repository.newest}", newest)], start=1
        )
    ]
    return json.dumps({"rules": rules}, sort_keys=True)
