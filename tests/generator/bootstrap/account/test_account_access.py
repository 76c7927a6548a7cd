"""Who may what in the three accounts: each row a call, and whether AWS would let it through.

The security reviewer's questions: who can delete, who can read secrets, who can change prd, what a stolen pod can do.
"""

from __future__ import annotations

import pytest

from generator.bootstrap.account.place import SESSION
from worlds.accounts import INT, PRD, QUEUE, REGION, STG, environments, every_stack, stacks
from worlds.builders import environment
from worlds.iam import Aws, Caller, arn_matches, by_identity, by_resource, matches

AWS = Aws(every_stack())
ACCOUNTS = {"int": INT, "stg": STG, "prd": PRD}
GITHUB = "token.actions.githubusercontent.com"
READ = "secretsmanager:GetSecretValue"
PULL = "ecr:BatchGetImage"
ASSUME, WEB = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"


def role(name: str, env: str = "int") -> str:
    return f"arn:aws:iam::{ACCOUNTS[env]}:role/{name}"


def issuer(env: str) -> str:
    aws = next(one.spec.aws for one in environments() if one.name == env)
    assert aws is not None
    return aws.oidc


def pod(account: str, env: str = "int", audience: str = "sts.amazonaws.com") -> Caller:
    """A pod with a token of its service account, before it has any role."""
    provider = f"arn:aws:iam::{ACCOUNTS[env]}:oidc-provider/{issuer(env)}"
    claims = {f"{issuer(env)}:sub": f"system:serviceaccount:{account}", f"{issuer(env)}:aud": audience}
    return Caller(federated=provider, context=claims)


def job(subject: str, audience: str = "sts.amazonaws.com") -> Caller:
    """A job of GitHub's with its token."""
    provider = f"arn:aws:iam::{INT}:oidc-provider/{GITHUB}"
    return Caller(federated=provider, context={f"{GITHUB}:sub": subject, f"{GITHUB}:aud": audience})


def fargate(cluster: str, env: str) -> Caller:
    source = f"arn:aws:eks:{REGION}:{ACCOUNTS[env]}:fargateprofile/{cluster}/previews/1"
    return Caller(service="eks-fargate-pods.amazonaws.com", context={"aws:SourceArn": source})


def bus(rule: str = "rtb-hub-pushes", env: str = "int", service: str = "events.amazonaws.com") -> Caller:
    """EventBridge, as it puts events of a rule somewhere."""
    return Caller(service=service, context={"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNTS[env]}:rule/{rule}"})


def queue(name: str = QUEUE.rsplit("/", 1)[1]) -> str:
    return f"arn:aws:sqs:{REGION}:{INT}:{name}"


def session(name: str, env: str = "int", called: str = SESSION) -> Caller:
    """A session of a rendered role, calling itself so where it becomes another."""
    return AWS.role(role(name, env), **{"sts:RoleSessionName": called})


def stranger(name: str, env: str = "int", organization: str = "o-exampleorgid", called: str = SESSION) -> Caller:
    """A role of an account that may do anything there by its own policies: an operator, or somebody's pod."""
    anything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return Caller(role(name, env), organization, (anything,), context={"sts:RoleSessionName": called})


def secret(name: str, env: str = "int") -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNTS[env]}:secret:{name}-AbCdEf"


def repository(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{INT}:repository/{name}"


def cluster(env: str) -> str:
    return f"arn:aws:eks:{REGION}:{ACCOUNTS[env]}:cluster/rtb-{env}"


OUTSIDE = "o-anotherorgid"
CONTROL, WORKER, READER, PODS = "rtb-hub-control-role", "rtb-hub-worker", "rtb-hub-deployer", "rtb-preview-pods"
RECONCILER, FIGURES = "rtb-hub-reconciler", f"arn:aws:cloudwatch:{REGION}:{INT}:metric"
ROWS: list[tuple[str, bool, Caller, str, str]] = [
    # Who becomes the hub, and whom the hub becomes.
    ("the dashboard's pod is the hub", True, pod("rtb-hub:rtb-hub-dashboard"), WEB, role(CONTROL)),
    ("the listener's pod is not the hub", False, pod("rtb-hub:rtb-hub-listener"), WEB, role(CONTROL)),
    ("the auth service's pod is not the hub", False, pod("rtb-hub:rtb-hub-auth"), WEB, role(CONTROL)),
    ("a pod of another namespace is not the hub", False, pod("default:rtb-hub-dashboard"), WEB, role(CONTROL)),
    ("a preview's pod is not the hub", False, pod("preview-rtb-1:rtb-hub-dashboard"), WEB, role(CONTROL)),
    ("a pod of stg's cluster is not the hub", False, pod("rtb-hub:rtb-hub-dashboard", "stg"), WEB, role(CONTROL)),
    ("a token for another audience is not the hub", False, pod("rtb-hub:rtb-hub-dashboard", audience="kubernetes"), WEB, role(CONTROL)),
    ("the hub reads int", True, session(CONTROL), ASSUME, role(READER)),
    ("the hub reads stg", True, session(CONTROL), ASSUME, role(READER, "stg")),
    ("the hub reads prd", True, session(CONTROL), ASSUME, role(READER, "prd")),
    ("a session that is not called the hub's does not", False, session(CONTROL, called="me"), ASSUME, role(READER, "prd")),
    ("the worker that tells of previews reads prd", True, session(WORKER), ASSUME, role(READER, "prd")),
    ("the job that reconciles int is the reconciler", True, pod("rtb-hub:rtb-hub-reconcile-main"), WEB, role(RECONCILER)),
    ("the job that reconciles prd is not", False, pod("rtb-hub:rtb-hub-reconcile-prd"), WEB, role(RECONCILER)),
    ("a preview's pod of the job's name is not", False, pod("preview-rtb-1:rtb-hub-reconcile-main"), WEB, role(RECONCILER)),
    ("the job reads int, whose requests it counts", True, session(RECONCILER), ASSUME, role(READER)),
    ("the job reads not stg, whose requests nobody counts", False, session(RECONCILER), ASSUME, role(READER, "stg")),
    ("the job reads not prd", False, session(RECONCILER), ASSUME, role(READER, "prd")),
    ("the listener reads no cluster", False, session("rtb-hub-listener"), ASSUME, role(READER)),
    ("CI reads no cluster", False, session("rtb-hub-ci"), ASSUME, role(READER)),
    ("CI reads not prd", False, session("rtb-hub-ci"), ASSUME, role(READER, "prd")),
    ("an operator of int reads not prd", False, stranger("admin"), ASSUME, role(READER, "prd")),
    ("an operator of int reads not stg", False, stranger("admin"), ASSUME, role(READER, "stg")),
    ("an operator of int becomes not int's reader", False, stranger("admin"), ASSUME, role(READER)),
    ("an operator of stg becomes not prd's reader", False, stranger("admin", "stg"), ASSUME, role(READER, "prd")),
    ("a role of the hub's name in another account does not", False, stranger(CONTROL, "stg"), ASSUME, role(READER, "prd")),
    ("the hub's role in another organisation does not", False, stranger(CONTROL, organization=OUTSIDE), ASSUME, role(READER)),
    ("a role whose name begins like the hub's does not", False, stranger(CONTROL + "-2"), ASSUME, role(READER)),
    ("int's reader becomes not prd's", False, session(READER), ASSUME, role(READER, "prd")),
    ("the hub becomes not Fargate's role", False, session(CONTROL), ASSUME, role(PODS, "prd")),
    ("the hub becomes not CI", False, session(CONTROL), ASSUME, role("rtb-hub-ci")),
    ("the hub becomes not the store of Argo CD", False, session(CONTROL), ASSUME, role("rtb-argocd-secrets", "prd")),
    # What the hub and its readers may do.
    ("stg's reader asks where stg's cluster is", True, session(READER, "stg"), "eks:DescribeCluster", cluster("stg")),
    ("stg's reader asks not for prd's cluster", False, session(READER, "stg"), "eks:DescribeCluster", cluster("prd")),
    ("stg's reader lists target groups", True, session(READER, "stg"), "elasticloadbalancing:DescribeTargetGroups", f"arn:aws:elasticloadbalancing:{REGION}:{STG}:targetgroup/k8s-preview/1"),
    ("stg's reader reads their tags", True, session(READER, "stg"), "elasticloadbalancing:DescribeTags", f"arn:aws:elasticloadbalancing:{REGION}:{STG}:targetgroup/k8s-preview/1"),
    ("int's reader counts requests", True, session(READER), "cloudwatch:GetMetricData", FIGURES),
    ("stg's reader counts none", False, session(READER, "stg"), "cloudwatch:GetMetricData", FIGURES),
    ("int's reader writes no figures", False, session(READER), "cloudwatch:PutMetricData", FIGURES),
    ("int's reader reads no alarms", False, session(READER), "cloudwatch:DescribeAlarms", FIGURES),
    ("the job counts nothing by itself", False, session(RECONCILER), "cloudwatch:GetMetricData", FIGURES),
    ("a reader deletes no target group", False, session(READER, "prd"), "elasticloadbalancing:DeleteTargetGroup", f"arn:aws:elasticloadbalancing:{REGION}:{PRD}:targetgroup/k8s-preview/1"),
    ("a reader deletes no cluster", False, session(READER, "prd"), "eks:DeleteCluster", cluster("prd")),
    ("a reader gives nobody access", False, session(READER, "prd"), "eks:CreateAccessEntry", cluster("prd")),
    ("a reader deletes no profile", False, session(READER, "prd"), "eks:DeleteFargateProfile", cluster("prd")),
    ("a reader reads no secret of previews", False, session(READER, "prd"), READ, secret("preview/prd/app/db", "prd")),
    ("a reader reads no secret of Argo CD", False, session(READER, "prd"), READ, secret("rtb/prd/argocd", "prd")),
    ("the hub asks for no cluster by itself", False, session(CONTROL), "eks:DescribeCluster", cluster("int")),
    ("the hub reads no secret", False, session(CONTROL), READ, secret("rtb/hub/jira")),
    ("the worker looks up images of previews", True, session(WORKER), PULL, repository("web")),
    ("the worker looks up no image of the hub", False, session(WORKER), PULL, repository("rtb-hub")),
    ("the worker pushes nothing", False, session(WORKER), "ecr:PutImage", repository("web")),
    ("the worker deletes no image", False, session(WORKER), "ecr:BatchDeleteImage", repository("web")),
    ("the worker's role is the worker's alone", False, pod("rtb-hub:rtb-hub-listener"), WEB, role(WORKER)),
    ("the listener reads its queue", True, session("rtb-hub-listener"), "sqs:ReceiveMessage", queue()),
    ("the listener puts nothing into it", False, session("rtb-hub-listener"), "sqs:SendMessage", queue()),
    ("the listener empties no queue", False, session("rtb-hub-listener"), "sqs:PurgeQueue", queue()),
    ("the listener reads not what was given up", False, session("rtb-hub-listener"), "sqs:ReceiveMessage", queue("rtb-hub-pushes-dead")),
    ("the worker reads no pushes", False, session(WORKER), "sqs:ReceiveMessage", queue()),
    ("the rule puts pushes into the queue", True, bus(), "sqs:SendMessage", queue()),
    ("the rule puts what failed beside it", True, bus(), "sqs:SendMessage", queue("rtb-hub-pushes-dead")),
    ("the rule reads nothing there", False, bus(), "sqs:ReceiveMessage", queue()),
    ("another rule puts nothing in", False, bus("others"), "sqs:SendMessage", queue()),
    ("a rule of that name in another account puts nothing in", False, bus(env="stg"), "sqs:SendMessage", queue()),
    ("another service puts nothing in", False, bus(service="sns.amazonaws.com"), "sqs:SendMessage", queue()),
    ("the rule puts nothing into other queues", False, bus(), "sqs:SendMessage", queue("others")),
    ("others of the account, without a right of their own, put nothing in", False, session(PODS), "sqs:SendMessage", queue()),
    ("the listener reads no other queue", False, session("rtb-hub-listener"), "sqs:ReceiveMessage", queue("others")),
    # CI.
    ("the branch's jobs are CI", True, job("repo:team/rtb-ai-hub:ref:refs/heads/main"), WEB, role("rtb-hub-ci")),
    ("jobs of another branch are not", False, job("repo:team/rtb-ai-hub:ref:refs/heads/other"), WEB, role("rtb-hub-ci")),
    ("jobs of a pull request are not", False, job("repo:team/rtb-ai-hub:pull_request"), WEB, role("rtb-hub-ci")),
    ("jobs of an environment are not", False, job("repo:team/rtb-ai-hub:environment:production"), WEB, role("rtb-hub-ci")),
    ("jobs of another repository are not", False, job("repo:other/rtb-ai-hub:ref:refs/heads/main"), WEB, role("rtb-hub-ci")),
    ("jobs for another audience are not", False, job("repo:team/rtb-ai-hub:ref:refs/heads/main", "other"), WEB, role("rtb-hub-ci")),
    ("a pod with CI's subject is not", False, pod("repo:team/rtb-ai-hub:ref:refs/heads/main"), WEB, role("rtb-hub-ci")),
    ("CI pushes the hub's image", True, session("rtb-hub-ci"), "ecr:PutImage", repository("rtb-hub")),
    ("CI reads what it signed", True, session("rtb-hub-ci"), "ecr:GetDownloadUrlForLayer", repository("rtb-hub")),
    ("CI reads no image of previews", False, session("rtb-hub-ci"), "ecr:GetDownloadUrlForLayer", repository("web")),
    ("CI pushes no image of previews", False, session("rtb-hub-ci"), "ecr:PutImage", repository("web")),
    ("CI deletes no image", False, session("rtb-hub-ci"), "ecr:BatchDeleteImage", repository("rtb-hub")),
    ("CI changes no policy of a repository", False, session("rtb-hub-ci"), "ecr:SetRepositoryPolicy", repository("rtb-hub")),
    ("CI asks for no cluster", False, session("rtb-hub-ci"), "eks:DescribeCluster", cluster("int")),
    ("CI reads no secret", False, session("rtb-hub-ci"), READ, secret("rtb/hub/jira")),
    # Fargate and what runs there.
    ("Fargate of stg's cluster is its pods' role", True, fargate("rtb-stg", "stg"), ASSUME, role(PODS, "stg")),
    ("Fargate of another cluster is not", False, fargate("other", "stg"), ASSUME, role(PODS, "stg")),
    ("Fargate of another account is not", False, fargate("rtb-stg", "prd"), ASSUME, role(PODS, "stg")),
    ("no pod is Fargate's role", False, pod("preview-rtb-1:default", "stg"), WEB, role(PODS, "stg")),
    ("int's Fargate pulls", True, session(PODS), PULL, repository("web")),
    ("stg's Fargate pulls from the hub's account", True, session(PODS, "stg"), PULL, repository("web")),
    ("prd's Fargate pulls from the hub's account", True, session(PODS, "prd"), "ecr:GetDownloadUrlForLayer", repository("api")),
    ("Fargate pulls no image of the hub", False, session(PODS, "stg"), PULL, repository("rtb-hub")),
    ("Fargate pushes nothing", False, session(PODS, "stg"), "ecr:PutImage", repository("web")),
    ("stg's Fargate writes its logs", True, session(PODS, "stg"), "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{STG}:log-group:/rtb/previews/stg:log-stream:a"),
    ("stg's Fargate writes no other logs", False, session(PODS, "stg"), "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{STG}:log-group:/aws/eks/rtb-stg:log-stream:a"),
    ("Fargate reads no secret", False, session(PODS, "prd"), READ, secret("preview/prd/app/db", "prd")),
    ("spot nodes of stg pull", True, stranger("KarpenterNodeRole-rtb-stg", "stg"), PULL, repository("web")),
    ("spot nodes of another organisation do not", False, stranger("KarpenterNodeRole-rtb-stg", "stg", OUTSIDE), PULL, repository("web")),
    ("others of stg do not pull", False, stranger("admin", "stg"), PULL, repository("web")),
    # Secrets.
    ("the previews' store has its role", True, pod("external-secrets:rtb-previews", "stg"), WEB, role("rtb-preview-secrets", "stg")),
    ("a preview's pod has not", False, pod("preview-rtb-1:rtb-previews", "stg"), WEB, role("rtb-preview-secrets", "stg")),
    ("the previews' store is not that of Argo CD", False, pod("external-secrets:rtb-previews", "stg"), WEB, role("rtb-argocd-secrets", "stg")),
    ("the operator's own account is neither", False, pod("external-secrets:external-secrets", "stg"), WEB, role("rtb-argocd-secrets", "stg")),
    ("int's store is not that of prd", False, pod("external-secrets:rtb-previews"), WEB, role("rtb-preview-secrets", "prd")),
    ("previews read theirs", True, session("rtb-preview-secrets", "stg"), READ, secret("preview/stg/app/db", "stg")),
    ("previews read no secret of Argo CD", False, session("rtb-preview-secrets", "stg"), READ, secret("rtb/stg/argocd", "stg")),
    ("previews read no key of Argo CD's repository", False, session("rtb-preview-secrets", "stg"), READ, secret("rtb/stg/argocd-repository", "stg")),
    ("previews of int read no secret of the hub", False, session("rtb-preview-secrets"), READ, secret("rtb/hub/database")),
    ("previews of stg read none of prd", False, session("rtb-preview-secrets", "stg"), READ, secret("preview/prd/app/db", "prd")),
    ("previews change none", False, session("rtb-preview-secrets", "stg"), "secretsmanager:PutSecretValue", secret("preview/stg/app/db", "stg")),
    ("previews delete none", False, session("rtb-preview-secrets", "stg"), "secretsmanager:DeleteSecret", secret("preview/stg/app/db", "stg")),
    ("Argo CD's store reads its own", True, session("rtb-argocd-secrets", "prd"), READ, secret("rtb/prd/argocd-repository", "prd")),
    ("Argo CD's store reads none of previews", False, session("rtb-argocd-secrets", "prd"), READ, secret("preview/prd/app/db", "prd")),
    ("Argo CD's store reads none whose name is longer", False, session("rtb-argocd-secrets", "prd"), READ, secret("rtb/prd/argocd-other", "prd")),
    ("the hub's store reads the hub's", True, session("rtb-hub-secrets"), READ, secret("rtb/hub/database")),
    ("the hub's store reads none of Argo CD", False, session("rtb-hub-secrets"), READ, secret("rtb/int/argocd")),
    ("the hub's store has its role", True, pod("external-secrets:rtb-hub"), WEB, role("rtb-hub-secrets")),
    ("the previews' store has not", False, pod("external-secrets:rtb-previews"), WEB, role("rtb-hub-secrets")),
]  # fmt: skip


@pytest.mark.parametrize(("allowed", "caller", "action", "resource"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])  # fmt: skip
def test_who_may_what(allowed: bool, caller: Caller, action: str, resource: str) -> None:
    assert AWS.may(caller, action, resource) is allowed


def test_there_are_rows_enough_of_both_kinds() -> None:
    assert len(ROWS) >= 60
    assert sum(row[1] for row in ROWS) >= 15
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_nobody_but_the_reader_has_an_entry_to_a_cluster() -> None:
    assert AWS.entries == {(f"rtb-{env}", role(READER, env)): ("rtb-hub-reader",) for env in ACCOUNTS}


def test_a_worker_that_tells_nobody_reads_no_cluster() -> None:
    first = environments()[0].spec.hub
    assert first is not None
    quiet = first.model_dump(mode="json", by_alias=True, exclude_none=True)
    del quiet["jira"]["messages"]
    among = [environment("int", hub=quiet, sleep={"afterIdle": "2h"}), *environments()[1:]]
    aws = Aws([stack for one in among for stack in stacks(one.name, among)])
    worker = aws.role(role(WORKER), **{"sts:RoleSessionName": SESSION})
    assert not aws.may(worker, ASSUME, role(READER, "prd"))
    assert not by_resource(aws.roles[role(READER, "prd")].trust, worker, ASSUME)
    assert not by_identity(worker, ASSUME, role(READER, "prd"))


def test_no_role_deletes_anything_or_changes_who_may_what() -> None:
    verbs = {
        action.partition(":")[2]
        for one in AWS.roles.values()
        for policy in one.policies.values()
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {verb for verb in verbs if verb.startswith(("Delete", "Update", "Attach", "Detach", "Set", "Create"))} == {
        "DeleteMessage", "CreateLogStream",
    }  # fmt: skip
    assert not [verb for verb in verbs if "Pass" in verb]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("secret:a/*", "secret:a/b-AbCdEf", True),
        ("secret:a-??????", "secret:a-AbCdEf", True),
        ("secret:a-??????", "secret:a-b-AbCdEf", False),
        ("a.b", "axb", False),
    ],
)
def test_the_evaluator_knows_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_the_evaluator_compares_arns_part_by_part() -> None:
    assert arn_matches("arn:aws:eks:*:1:cluster/*", "arn:aws:eks:eu-west-1:1:cluster/a")
    assert not arn_matches("arn:aws:eks:*:cluster/a", "arn:aws:eks:eu-west-1:1:cluster/a")


def test_the_evaluator_wants_every_condition_and_every_key() -> None:
    statement = {"Effect": "Allow", "Action": "a:B", "Principal": {"AWS": "arn:aws:iam::1:root"}}
    both = {"StringEquals": {"k": "v", "l": ["w", "x"]}}
    policy = {"Statement": [{**statement, "Condition": both}]}
    for context, fits in (({"k": "v", "l": "x"}, True), ({"k": "v"}, False), ({"k": "v", "l": "y"}, False)):
        assert by_resource(policy, Caller("arn:aws:iam::1:role/r", context=context), "a:B") is fits
    assert not by_resource(policy, Caller("arn:aws:iam::2:role/r", context={"k": "v", "l": "x"}), "a:B")
