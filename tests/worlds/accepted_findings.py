"""What checkers of others say of rendered accounts and we leave as it is, each with why."""

from __future__ import annotations

#: cfn-lint: (rule, object) → why.
CFN_LINT = {
    ("W3691", "Database"): "RDS takes a major version and picks the minor; one of its own would be refused, or be an"
    " attempt to go back, once RDS has upgraded the database by itself",
}
#: parliament: (finding, role) → why.
PARLIAMENT: dict[tuple[str, str], str] = {}
_NO_KEY = (
    "encrypted by a key of AWS's. One of our own would be a second lock against those of the account alone who may read"
    " the object, which policies name one by one; whoever deletes it loses all that is under it"
)
#: checkov: (check, kind of object) → why, in either format.
CHECKOV = {
    ("CKV_AWS_149", "Secret"): _NO_KEY,
    ("CKV_AWS_158", "LogGroup"): _NO_KEY,
    ("CKV_AWS_191", "Cache"): f"{_NO_KEY}; and a cache's key is never changed without another cache",
    ("CKV_AWS_354", "Database"): f"{_NO_KEY}; they are statements without their values",
    ("CKV_AWS_136", "Repository"): "encrypted by S3's keys. A key of KMS keeps nobody out: ECR decrypts for whoever the"
    " repository's policy lets pull; and it is never changed without another repository",
    ("CKV_AWS_26", "Topic"): "CloudWatch cannot use AWS's own key of SNS, so that no alarm would be told; what is told"
    " are names of alarms and figures, by mail",
    ("CKV_AWS_27", "Queue"): "encrypted by SQS's own keys, which the check for CloudFormation does not know",
    ("CKV_AWS_118", "Database"): "a further role and price for figures of the operating system; Performance Insights"
    " says which statements wait, and alarms are on disk, memory and processor",
    (
        "CKV_AWS_338",
        "LogGroup",
    ): "logs of previews, which live for days: `aws.logDays` says how long, and a year of what"
    " machine-written code prints is a risk of its own",
    ("CKV2_AWS_57", "Secret"): "keys of GitHub, Jira, Slack and the like, which AWS cannot make anew; the cache's"
    " passwords are made by AWS, and a new one has to reach the services at once",
    ("CKV2_AWS_71", "Certificate"): "each preview has a host of its own below the environment's domain",
    ("CKV2_AWS_5", "SecurityGroup"): "the cluster attaches it to pods by a SecurityGroupPolicy",
    ("CKV_AWS_25", "Opening"): "it is between members of the group, from no network: checkov takes a rule without a"
    " network for one from everywhere",
    ("CKV_AWS_61", "Role"): "the hub's account stands there, and conditions name the roles and the organisation",
}
