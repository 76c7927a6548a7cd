"""The AWS CLI as a program to fork: its models are read once."""

from __future__ import annotations

import sys

from awscli.clidriver import create_clidriver

_DRIVER = create_clidriver()
for _service in ("ec2", "ecr", "eks", "elbv2", "route53", "secretsmanager", "service-quotas", "sts"):
    _DRIVER.session.get_service_model(_service)


def main() -> None:
    sys.exit(_DRIVER.main(sys.argv[1:]))
