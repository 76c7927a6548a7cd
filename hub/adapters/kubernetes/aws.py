"""An EKS cluster of an environment's account, by AWS: AssumeRole into the account, DescribeCluster, a token for it.

The token is a presigned GetCallerIdentity of the regional STS, for this one cluster by the header x-k8s-aws-id, as
`aws eks get-token` makes it (aws-iam-authenticator, README, "API authorization"). It holds for 15 minutes, the session
of an assumed role that is reached from another role for an hour at most. Both are made anew before they end, and before
a request, never in the middle of one; and once when the cluster refuses a token before.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled, Transient
from hub.adapters.aws_clients import client_config, refusal

_T = TypeVar("_T")
PREFIX = "k8s-aws-v1."
TOKEN_LASTS, SESSION_LASTS, CLUSTER_LASTS = timedelta(minutes=12), timedelta(minutes=50), timedelta(hours=1)
#: What AWS told of a cluster whose certificate is refused, or whose address is gone: it is asked at most so often.
REFUSED_LASTS = timedelta(minutes=1)
_PRESIGNED_SECONDS = 60
_SESSION_SECONDS = 3600
#: What says that the clocks of this machine and of AWS differ (by five minutes).
_SKEWED = ("Signature expired", "Signature not yet current", "RequestExpired", "RequestTimeTooSkewed")


@dataclass
class EksAccess:
    """Access to one cluster. `clock` is aware; `session` None: boto3's own. Safe for threads."""

    cluster: str
    region: str
    role: str
    clock: Callable[[], datetime]
    session: Any = None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _assumed: tuple[datetime, Any] | None = field(default=None, repr=False)
    _token: tuple[datetime, str] | None = field(default=None, repr=False)
    _described: tuple[datetime, str, str] | None = field(default=None, repr=False)

    def make(self) -> None:
        """Make session and token anew when they are asked for next: the cluster does not take this one."""
        with self._lock:
            self._token = self._assumed = None

    def authorization(self) -> str:
        """What signs a request now. Raises `Stalled` (ClusterRefused), `Transient` (ClusterUnreachable)."""
        with self._lock:
            now = self.clock()
            if self._token is None or now - self._token[0] >= TOKEN_LASTS:
                self._token = (now, self.asked("make a token for", self._presigned))
            return f"Bearer {self._token[1]}"

    def described(self, lasts: timedelta = CLUSTER_LASTS) -> tuple[str, str]:
        """The cluster's address, and its authority's certificate (PEM), as AWS told at most `lasts` ago.

        Raises as `authorization`.
        """
        with self._lock:
            now = self.clock()
            if self._described is None or now - self._described[0] >= lasts:
                found = self.asked("describe", lambda: self.client("eks").describe_cluster(name=self.cluster))
                told = found["cluster"]
                certificate = base64.b64decode(told["certificateAuthority"]["data"]).decode("ascii", "replace")
                self._described = (now, told["endpoint"], certificate)
            return self._described[1:]

    def _presigned(self) -> str:
        service, signers = import_module("botocore.model"), import_module("botocore.signers")
        session = self._session()
        signer = signers.RequestSigner(
            service.ServiceId("STS"), self.region, "sts", "v4", session.get_credentials(), session.events
        )
        request = {
            "method": "GET",
            "url": f"https://sts.{self.region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": self.cluster},
            "context": {},
        }
        url = signer.generate_presigned_url(
            request, region_name=self.region, expires_in=_PRESIGNED_SECONDS, operation_name=""
        )
        return PREFIX + base64.urlsafe_b64encode(url.encode()).rstrip(b"=").decode()

    def client(self, name: str) -> Any:
        """A client of a service in the cluster's account and region. Raises what boto3 raises."""
        with self._lock:
            return self._session().client(name, region_name=self.region, config=_hasty())

    def _session(self) -> Any:
        """A session of the account's role; made anew before it ends."""
        boto3 = import_module("boto3")
        now = self.clock()
        if self._assumed is None or now - self._assumed[0] >= SESSION_LASTS:
            own = self.session or boto3.Session()
            told = own.client("sts", region_name=self.region, config=_hasty()).assume_role(
                RoleArn=self.role, RoleSessionName="rtb-hub", DurationSeconds=_SESSION_SECONDS
            )["Credentials"]
            keys = {
                "aws_access_key_id": told["AccessKeyId"],
                "aws_secret_access_key": told["SecretAccessKey"],
                "aws_session_token": told["SessionToken"],
            }
            self._assumed = (now, boto3.Session(region_name=self.region, **keys))
        return self._assumed[1]

    def asked(self, doing: str, ask: Callable[[], _T], *, rights: str = "eks:DescribeCluster on this cluster") -> _T:
        """What AWS answers. No text of an error of boto3's is passed on but the code and message of AWS.

        `doing` goes on after "cannot" and before "cluster"; `rights` are those that it needs. Raises as
        `authorization`, and `ConfigError` (InvalidValue) where boto3 is not installed.
        """
        try:
            errors = import_module("botocore.exceptions")
        except ModuleNotFoundError as err:
            remedy = "pip install 'rtb-ai-hub[aws]', or name a context with --cluster or RTB_HUB_CLUSTERS"
            raise ConfigError(
                Reason.INVALID_VALUE, Fault(f"{err.name} is not installed, which EKS needs", remedy=remedy)
            ) from err
        what = f"cannot {doing} cluster {self.cluster} in {self.region} as {self.role}"
        try:
            return ask()
        except errors.ClientError as err:
            raise self._refused(what, err.response, rights) from err
        except errors.NoCredentialsError as err:
            remedy = (
                "give this process credentials of AWS (a role of its ServiceAccount, a profile), or name --cluster;"
                " 'kubectl config get-contexts' lists the names"
            )
            raise Stalled(Reason.CLUSTER_REFUSED, Fault(f"{what}: there are no credentials", remedy=remedy)) from err
        except errors.BotoCoreError as err:
            remedy = "check the network to STS and EKS of that region (NAT, VPC endpoints)"
            fault = Fault(f"{what}: AWS does not answer ({type(err).__name__})", remedy=remedy)
            raise Transient(Reason.CLUSTER_UNREACHABLE, fault) from err

    def _refused(self, what: str, answer: Any, rights: str) -> HubError:
        code, is_for_now = refusal(answer)
        message = str(answer.get("Error", {}).get("Message", ""))[:300]
        if is_for_now:
            return Transient(Reason.CLUSTER_UNREACHABLE, f"{what}: {code}")
        if any(word in code or word in message for word in _SKEWED):
            remedy = "set this machine's clock: AWS takes no request that is five minutes off"
            return Stalled(Reason.CLUSTER_REFUSED, Fault(f"{what}: the clock of this machine is off", remedy=remedy))
        remedy = f"have {self.role} trust this process's role, and allow it {rights} (docs/INSTALL.md)"
        if code == "ResourceNotFoundException":
            remedy = "correct cluster.name, account or region in the environment's file"
        return Stalled(Reason.CLUSTER_REFUSED, Fault(f"{what}: {code}: {message}", remedy=remedy))


def _hasty() -> Any:
    """For who looks again soon: AWS that does not answer is given up after half a minute, not after five."""
    return client_config(read_seconds=10, tries=2)
