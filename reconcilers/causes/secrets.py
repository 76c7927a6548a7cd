"""Secrets that External Secrets cannot make. The reason is in the event UpdateFailed; the condition is general."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconcilers.causes import admission
from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import ExternalSecret

_ROLE = (
    "allow the role of the External Secrets Operator secretsmanager:GetSecretValue on that secret, and kms:Decrypt on"
    " its KMS key"
)

RULES = (
    Rule(
        "secret-marked-deleted",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "The secret in AWS Secrets Manager is scheduled for deletion.",
        ("restore the secret: aws secretsmanager restore-secret, or name another one",),
        said("marked for deletion", "scheduled for deletion", "marked deleted"),
    ),
    Rule(
        "secret-access-denied",
        Layer.SECRETS,
        Audience.PLATFORM,
        "The External Secrets Operator's role may not read the secret, or not decrypt it.",
        (_ROLE, "check the resource policy of the secret and the key policy of its KMS key"),
        said(
            "AccessDenied",
            "is not authorized to perform",
            "Access to KMS is not allowed",
            "no identity-based policy",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "ExpiredToken",
            "InvalidIdentityToken",
            "security token .{0,60}is invalid",
            "permission denied",
            "Permission '[^']{1,120}' denied",
            "DecryptionFailure",
            "can't decrypt the protected secret",
            "Code: 403",
            "status code: 403",
            "StatusCode: 403",
        ),
    ),
    Rule(
        "secret-throttled",
        Layer.SECRETS,
        Audience.NOBODY,
        "AWS answers too many requests at once. The operator tries again by itself.",
        ("wait: the operator tries again by itself",),
        said("Throttling", "Rate exceeded", "TooManyRequests", r"\b429\b"),
    ),
    Rule(
        "secret-property-missing",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "The secret in AWS Secrets Manager is there, and has no such property.",
        ("add the property to the secret in AWS Secrets Manager, or name one that it has",),
        said(
            r"key .{0,200} does not exist in secret",
            r"(?:property|key) .{0,200} (?:not found|does not exist|is not found)",
            "unable to find key",
            "cannot find .{0,100}(?:property|key)",
            "invalid secret format",
        ),
        not_words=said("Secret does not exist", r"KMS", "ClusterSecretStore"),
    ),
    Rule(
        "secret-not-json",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "A property of the secret is asked for, and the secret's value is not JSON.",
        ("make the secret's value a JSON object, or name the secret without a property",),
        said(
            "unable to unmarshal",
            "invalid character .{0,40}looking for",
            "not valid json",
            "unexpected end of JSON input",
        ),
    ),
    Rule(
        "secret-without-value",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "The secret in AWS Secrets Manager is there, and has no value, or not the version that is asked for.",
        ("put a value into the secret: aws secretsmanager put-secret-value, or name a version that it has",),
        said("secret value for (?:staging label|version)", "can't find the (?:specified secret )?version"),
    ),
    Rule(
        "secret-does-not-exist",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "AWS Secrets Manager has no secret of that name, in this account and region.",
        ("create the secret in AWS Secrets Manager under that name, or check that it exists and is spelled so",),
        said(
            "Secret does not exist",
            "ResourceNotFoundException",
            "can't find the specified secret",
            "ParameterNotFound",
            "NoSecretErr",
            r"\bsecrets?\b.{0,200}(?:not found|does not exist)",
            "no secret found",
        ),
        not_words=said(
            "could not get provider client", '(?:Cluster)?SecretStore(?:\\.external-secrets\\.io)? "', "secretstores"
        ),
    ),
    Rule(
        "secret-store-not-ready",
        Layer.SECRETS,
        Audience.PLATFORM,
        "The store that the secrets come from (ClusterSecretStore) is missing or not ready.",
        ("repair the SecretStore it names: kubectl describe clustersecretstores; its role, region and ServiceAccount",),
        said(
            "SecretStore .{0,200}(?:not ready|not found|is invalid)",
            'secretstores?(?:\\.external-secrets\\.io)? "[^"]*" not found',
            "SecretStore .{0,120}not allowed from namespace",
            "namespaces must be explicitly set",
            "could not get (?:Cluster)?SecretStore",
            "could not get secret store",
            "store .{0,100}(?:not ready|is not ready)",
            "InvalidProviderConfig",
            "could not get provider client",
            "unable to (?:create session|validate store|assume role)",
            "failed to (?:retrieve credentials|refresh cached credentials)",
            "the desired SecretStore",
        ),
    ),
    Rule(
        "secrets-manager-unreachable",
        Layer.SECRETS,
        Audience.PLATFORM,
        "AWS Secrets Manager cannot be reached from the operator's subnets.",
        ("give the operator's subnets a route: a NAT gateway or the VPC endpoint secretsmanager, and DNS",),
        said(
            "i/o timeout",
            "no such host",
            "connection refused",
            "send request failed",
            "dial tcp",
            "context deadline exceeded",
            "RequestError",
            "TLS handshake timeout",
        ),
    ),
    Rule(
        "secret-key-invalid",
        Layer.SECRETS,
        Audience.DEVELOPER,
        "A key of the secret cannot be a key of a Kubernetes Secret.",
        ("use letters, digits, '-', '_' and '.' in the keys of the secret in AWS Secrets Manager",),
        said("a valid config key must consist of", r"is invalid: data\["),
    ),
    Rule(
        "secret-webhook",
        Layer.SECRETS,
        Audience.PLATFORM,
        "The External Secrets Operator's webhook, or another one, refuses the object or does not answer.",
        ("see what the webhook says: it names itself in the message; repair it or the template's ExternalSecret",),
        said("admission webhook", "failed calling webhook"),
    ),
    Rule(
        "secret-template-wrong",
        Layer.SECRETS,
        Audience.PLATFORM,
        "The template of the ExternalSecret cannot be filled in.",
        ("correct the template of the ExternalSecret",),
        said(
            "could not apply template",
            "error executing template",
            "unable to execute template",
            "parse template",
            "template: ",
        ),
    ),
    Rule(
        "secret-owned-by-other",
        Layer.SECRETS,
        Audience.PLATFORM,
        "Another object already owns the Secret that is to be made.",
        ("have one owner only: remove the other ExternalSecret or name another target",),
        said("owned by another", "already owned", "already exists", "is immutable"),
    ),
    Rule(
        "generator-failed",
        Layer.SECRETS,
        Audience.PLATFORM,
        "The generator that makes a password in the cluster is missing or failed.",
        ("see whether Argo CD applied the generator (Password), and whether the operator knows it",),
        said("generator", "sourceRef"),
    ),
)
SILENT = Rule(
    "secrets-operator-silent",
    Layer.SECRETS,
    Audience.PLATFORM,
    "The External Secrets Operator has not looked at the ExternalSecret.",
    ("see whether the External Secrets Operator runs: kubectl get pods -A -l app.kubernetes.io/name=external-secrets",),
)
_OTHER = unclassified(Layer.SECRETS)
_REASONS = ("UpdateFailed", "InvalidStoreRef", "InvalidProviderClientConfig", "UnavailableStore", "ValidationFailed")
SLOW = timedelta(minutes=5)


def findings(look: Look) -> Iterator[Finding]:
    """One for each ExternalSecret that is not ready."""
    for secret in sorted(look.details.secrets, key=lambda one: one.name):
        if secret.is_ready is False:
            yield _finding(look, secret)
        elif secret.is_ready is None and secret.created and look.now - secret.created > SLOW:
            yield finding(
                SILENT,
                Ref("ExternalSecret", secret.name),
                f"ExternalSecret {secret.name} has not been looked at by the External Secrets Operator",
                names={"namespace": look.namespace},
                evidence=[Evidence("state", Ref("ExternalSecret", secret.name), "no condition Ready")],
                since=secret.created,
            )


def _finding(look: Look, secret: ExternalSecret) -> Finding:
    subject = Ref("ExternalSecret", secret.name)
    evidence = [Evidence("condition", subject, "Ready", secret.message, secret.since)]
    message = secret.message
    event = look.event("ExternalSecret", secret.name, *_REASONS, uid=secret.uid, after=secret.created)
    rule = None
    if event is not None:
        evidence.append(of_event(event))
        message = event.message
        rule = classified(RULES, message)
    rule = rule or classified(RULES, secret.message)
    if rule is None or rule.code == "secret-store-not-ready":
        for store in look.details.stores:
            if store.name == secret.store and store.is_ready is False:
                evidence.append(Evidence("condition", Ref(store.kind, store.name), "Ready", store.message))
                message = f"{message}; {store.kind} {store.name} is not ready: {store.message}"
                rule = classified(RULES, store.message) or classified(RULES, "SecretStore is not ready")
    return finding(
        rule or classified(admission.RULES, message) or _OTHER,
        subject,
        f"ExternalSecret {secret.name} is not ready",
        message,
        names={"namespace": look.namespace},
        evidence=evidence,
        since=secret.since or secret.created,
    )
