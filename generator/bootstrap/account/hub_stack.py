"""The stack `rtb-hub`: what the hub itself needs in its account, and who may push its images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.bootstrap.account.hub_pushes import push_objects, queue_name
from generator.bootstrap.account.hub_stores import store_objects
from generator.bootstrap.account.objects import IdentityProvider, Object, Output, Repository, Role, Secret, Stack
from generator.bootstrap.account.place import (
    HUB_READER,
    PODS_ROLE,
    SECRETS_NAMESPACE,
    Place,
    aws_of,
    logical,
    split_role,
)
from generator.bootstrap.account.policy import Document, Statement, document, service_account_trust
from generator.bootstrap.account.preview_stack import PULL, counts_requests
from generator.bootstrap.hub_jobs import jobs_of
from generator.bootstrap.hub_services import secret_names
from generator.model.environment import Environment
from generator.model.hosting import HubServices

#: The hub's images, by the names that its workflow pushes them to.
IMAGES = ("rtb-hub", "rtb-auth")
GITHUB = "token.actions.githubusercontent.com"
_PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",  # a repeated release reads the signatures that are there
    "ecr:DescribeImages",
)
_LOOK_UP = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages")
_READ = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")


def hub_stack(home: Environment, environments: Sequence[Environment]) -> Stack:
    """The stack of `home`, the environment whose account is the hub's; `environments` are all there are."""
    here, hub = Place.of(home), home.spec.hub
    objects: list[Object] = [*_repositories(home, environments), _control(home, environments)]
    objects += _ci(home)
    outputs: tuple[Output, ...] = ()
    if hub is not None:
        objects += [*_services(home, hub, environments), *_secrets(home, hub)]
        made, outputs = store_objects(home, hub)
        objects += made
        if hub.listener_role is not None and hub.ecr_queue is not None:
            objects += push_objects(home, hub.ecr_queue, _names(environments))
    return Stack(
        name="rtb-hub",
        description="RTB AI Hub itself: its images, roles, secrets and stores",
        account=here.account,
        region=here.region,
        objects=tuple(objects),
        outputs=outputs,
        tags={"rtb-hub/environment": home.name},
    )


def _repositories(home: Environment, environments: Sequence[Environment]) -> Iterator[Object]:
    """Images are pulled by the organisation's accounts, as the roles that run previews and no other.

    By conditions on names: principals in a policy must be there already, and are lost when a role is made anew.
    """
    pullers = set()
    for one in environments:
        there = Place.of(one)
        pullers.add(there.role(PODS_ROLE))
        if one.spec.aws is not None and one.spec.aws.spot is not None:
            pullers.add(there.role(one.spec.aws.spot.node_role))
    policy = document(
        Statement(
            "PullFromTheOrganisation",
            PULL,
            principal={"AWS": "*"},
            conditions={
                "StringEquals": {"aws:PrincipalOrgID": aws_of(home).organization},
                "ArnEquals": {"aws:PrincipalArn": tuple(sorted(pullers))},
            },
        )
    )
    for name in sorted({*_names(environments), *IMAGES}):
        yield Repository(logical("Repository", name), name, policy)


def _names(environments: Sequence[Environment]) -> tuple[str, ...]:
    """The repositories whose images run as previews anywhere."""
    given = (one.spec.aws.repositories for one in environments if one.spec.aws is not None)
    return tuple(sorted({name for names in given for name in names}))


def _control(home: Environment, environments: Sequence[Environment]) -> Object:
    """Who reads clusters: the service that shows previews. It may become each cluster's reader, and nothing else."""
    aws, here = aws_of(home), Place.of(home)
    return Role(
        "ControlRole",
        aws.hub.role,
        "The hub becomes the reader of each environment's cluster",
        service_account_trust(here.provider(aws.oidc), aws.oidc, [f"{aws.hub.namespace}:rtb-hub-dashboard"]),
        {"clusters": document(_read_clusters(environments))},
    )


def _read_clusters(environments: Sequence[Environment]) -> Statement:
    readers = sorted({one.spec.cluster.role_arn for one in environments})
    return Statement("ReadClusters", ("sts:AssumeRole",), tuple(readers))


def github_trust(home: Environment) -> Document | None:
    """Trust in jobs of one branch of one repository; None where no repository is named."""
    github = aws_of(home).github
    if github is None:
        return None
    conditions = {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": f"repo:{github.repository}:ref:refs/heads/{github.branch}",
        }
    }
    provider = {"Federated": Place.of(home).provider(GITHUB)}
    return document(Statement("Branch", ("sts:AssumeRoleWithWebIdentity",), principal=provider, conditions=conditions))


def _ci(home: Environment) -> Iterator[Object]:
    """CI pushes the hub's images. It reaches no cluster: what runs there is a commit that Argo CD reads."""
    trust, github = github_trust(home), aws_of(home).github
    if trust is None or github is None:
        return
    if github.provider == "make":
        yield IdentityProvider("GitHub", f"https://{GITHUB}", "sts.amazonaws.com")
    policy = document(
        Statement("Token", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement("Push", _PUSH, Place.of(home).repositories(IMAGES)),
    )
    yield Role("CiRole", "rtb-hub-ci", "GitHub's jobs of one branch push the hub's images", trust, {"images": policy})


def _services(home: Environment, hub: HubServices, environments: Sequence[Environment]) -> Iterator[Object]:
    """Roles of the services that have one. What the internet reaches never acts as what commits."""
    aws, here = aws_of(home), Place.of(home)
    look_up = (
        Statement("Token", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement("LookUp", _LOOK_UP, here.repositories(aws.repositories)),
    )
    worker = document(*look_up, *([_read_clusters(environments)] if hub.tells else []))
    given: list[tuple[str, str, Document, str, list[str]]] = []
    if hub.worker_role is not None:
        given.append(("WorkerRole", hub.worker_role, worker, "worker", ["rtb-hub-worker"]))
    if hub.listener_role is not None and hub.ecr_queue is not None:
        actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
        policy = document(Statement("Pushes", actions, (here.arn("sqs", queue_name(hub.ecr_queue)),)))
        given.append(("ListenerRole", hub.listener_role, policy, "listener", ["rtb-hub-listener"]))
    counted = [one for one in environments if counts_requests(one)]
    if hub.reconciler_role is not None and counted:
        jobs = [job.name for job in jobs_of(environments) if job.counts]
        given.append(("ReconcilerRole", hub.reconciler_role, document(_read_clusters(counted)), "reconciler", jobs))
    for name, arn, policy, what, accounts in given:
        path, role = split_role(arn)
        subjects = [f"{aws.hub.namespace}:{account}" for account in accounts]
        trust = service_account_trust(here.provider(aws.oidc), aws.oidc, subjects)
        yield Role(name, role, f"What the hub's {what} asks AWS", trust, {what: policy}, path)


def _secrets(home: Environment, hub: HubServices) -> Iterator[Object]:
    """The hub's secrets without values, and the role of the store that reads them. Previews' store cannot."""
    aws, here = aws_of(home), Place.of(home)
    policy = document(Statement("Read", _READ, here.secrets_below([hub.secrets])))
    trust = service_account_trust(here.provider(aws.oidc), aws.oidc, [f"{SECRETS_NAMESPACE}:{HUB_READER}"])
    yield Role("SecretsRole", "rtb-hub-secrets", "The hub's own store reads its secrets", trust, {"secrets": policy})
    for name in secret_names(hub):
        yield Secret(logical("Secret", name), name, "The hub's own: put its value in by hand")
