"""What holds a removal: rules as data."""

from __future__ import annotations

from typing import Final

from reconcilers.causes.model import Audience, Layer, Rule, said


def _rule(code: str, meaning: str, *steps: str, words: tuple[str, ...] = (), who: Audience = Audience.PLATFORM) -> Rule:
    return Rule(code, Layer.REMOVAL, who, meaning, steps, said(*words) if words else None)


API_DOWN = _rule(
    "namespace-api-down",
    "An aggregated API of the cluster does not answer, which blocks the deletion of every namespace.",
    "repair the API that it names, or remove its apiservice: kubectl get apiservices shows which are not available",
)
CONVERSION = _rule(
    "namespace-conversion-webhook",
    "Objects of a kind cannot be listed, because the webhook that converts them is gone: no namespace can be emptied.",
    "bring back the webhook that it names, or delete the CustomResourceDefinition whose conversion names it: kubectl"
    " get crd",
    words=("conversion webhook",),
)
CONTENT_LEFT = _rule(
    "namespace-content-left",
    "Objects of the namespace are not deleted.",
    "see what is left of the kinds it names, and what holds it: kubectl get all,ingress -n {namespace}",
    words=("resources are remaining", "unexpected items still remain", "Failed to delete all resource types"),
)
PROJECT_GONE = _rule(
    "deletion-project-gone",
    "The Application cannot be removed, because its AppProject is gone.",
    "an administrator applies argocd/<environment> again (kubectl apply -k), which brings the AppProject back",
    words=("which does not exist", r"project\b.{0,120}not (?:found|exist)", "not allowed in project"),
)
FINALIZERS = (
    _rule(
        "alb-finalizer",
        "The load balancer controller holds an Ingress or TargetGroupBinding until it has freed AWS' side.",
        "repair the load balancer controller (its pods, its role, the errors of this group); do not strip the"
        " finalizer: that leaks rules and target groups",
        words=(r"ingress\.k8s\.aws/", r"elbv2\.k8s\.aws/", r"service\.k8s\.aws/"),
    ),
    _rule(
        "secret-finalizer",
        "An ExternalSecret is held by the External Secrets Operator, which does not let it go.",
        "see whether External Secrets runs: kubectl get pods -A -l app.kubernetes.io/name=external-secrets",
        words=(r"external-secrets\.io/",),
    ),
    _rule(
        "volume-finalizer",
        "A volume claim is held while a pod uses it, or while its volume is attached.",
        "see which pod still uses the claim, and whether its storage driver runs: kubectl describe pvc -n {namespace}",
        words=("pvc-protection", "pv-protection", "external-attacher", "external-provisioner"),
    ),
    _rule(
        "service-finalizer",
        "A Service of type LoadBalancer is held until its load balancer is gone.",
        "see what the controller of its load balancer says: kubectl describe services -n {namespace}",
        words=(r"service\.kubernetes\.io/load-balancer-cleanup",),
    ),
    _rule(
        "network-policy-finalizer",
        "A network policy's endpoints are held by the VPC CNI's network policy controller, which does not let them go.",
        "see whether the VPC CNI and its network policy agent run: kubectl get pods -n kube-system -l k8s-app=aws-node",
        words=(r"networking\.k8s\.aws/",),
    ),
    _rule(
        "certificate-finalizer",
        "A certificate's request or challenge is held by cert-manager, which does not let it go.",
        "see whether cert-manager runs, and what its log says: kubectl get pods -A -l"
        " app.kubernetes.io/instance=cert-manager",
        words=(r"cert-manager\.io",),
    ),
    _rule(
        "keda-finalizer",
        "A ScaledObject is held by KEDA, which does not let it go.",
        "see whether KEDA's operator runs, and what its log says: kubectl get pods -A -l app=keda-operator",
        words=(r"finalizer\.keda\.sh",),
    ),
    _rule(
        "pod-finalizer",
        "Pods of a Job are held until the Job's controller has counted them.",
        "see whether kube-controller-manager works: other Jobs of the cluster are held as well when it does not",
        words=(r"batch\.kubernetes\.io/job-tracking",),
    ),
)
DEPENDANTS = _rule(
    "removal-waits-for-dependants",
    "An object waits until what it made is gone.",
    "see what is left: kubectl get all,ingress -n {namespace}",
    words=("foregroundDeletion", "orphan"),
)
POD_LEFT = _rule(
    "pod-does-not-end",
    "A pod was told to end long ago and is still there: its node does not answer, or does not let it go.",
    "see whether its node is there: kubectl get pod -n {namespace} {pod} -o wide; kubectl get nodes",
)
DELETION_HOOK = _rule(
    "deletion-hook",
    "A hook that Argo CD runs before or after a removal fails or does not end.",
    "see the hook's log, then terminate or repair it: argocd app get {application}",
    words=("hook",),
)
WEBHOOK = _rule(
    "deletion-webhook",
    "A webhook of the cluster has to be asked before objects are deleted, and does not answer.",
    "repair the webhook it names: the pods behind its Service and its certificate",
    words=("failed calling webhook", "failed to call webhook"),
)
CLUSTER_AWAY = _rule(
    "deletion-cluster-unreachable",
    "Argo CD cannot reach the cluster it is to remove the preview from.",
    "see whether Argo CD reaches the cluster's API server, and whether its credentials are accepted",
    words=(
        "connection refused",
        "i/o timeout",
        "no such host",
        "dial tcp",
        "Unauthorized",
        "provide credentials",
        "currently unable to handle the request",
        "cluster",
    ),
)
FORBIDDEN = _rule(
    "deletion-forbidden",
    "Argo CD has no right to delete an object of the preview.",
    "give Argo CD's application controller the right that it names (Role, ClusterRole)",
    words=(r"User \"[^\"]*\" cannot \w+",),
)
PASSES = _rule(
    "deletion-under-way",
    "The namespace is being emptied; Argo CD looks again until it is gone.",
    "see what is left: kubectl get all,ingress,externalsecrets -n {namespace}",
    words=("system is ensuring all content is removed", "object has been modified"),
)
OWNERS_FINALIZER = _rule(
    "owner-finalizer",
    "The Application or the Namespace itself is held by a finalizer that neither Argo CD nor Kubernetes put there.",
    "see who put it there (metadata.managedFields), and whether that controller runs: kubectl get {kind} {name}"
    " -n argocd -o yaml --show-managed-fields",
    "when that controller is gone for good, take its finalizer off by hand: kubectl edit {kind} {name} -n argocd",
)
UNNOTICED = _rule(
    "removal-not-noticed",
    "Git has no entry any more, and Argo CD leaves its Application. The ApplicationSet tells no error.",
    "see whether Argo CD's applicationset controller runs, and what its log says: kubectl get pods -n argocd -l"
    " app.kubernetes.io/name=argocd-applicationset-controller",
)
SILENT = _rule(
    "removal-silent",
    "The removal takes long, and nothing that was read tells what holds it.",
    "see what is left, and which finalizers hold it: kubectl api-resources --verbs=list --namespaced -o name |"
    " xargs -I KIND kubectl get KIND -n {namespace} --ignore-not-found --no-headers"
    " -o custom-columns=:kind,:metadata.name,:metadata.finalizers",
    "where nothing has one, see whether Argo CD's application controller runs: kubectl get pods -n argocd -l"
    " app.kubernetes.io/name=argocd-application-controller",
)
LEFT_OVER = _rule(
    "namespace-left-over",
    "The namespace has neither entry nor Application: nothing removes it.",
    "look at what is in it, then remove it by hand: kubectl delete namespace {namespace}",
)
NOBODYS = _rule(
    "application-without-set",
    "The Application has no entry, and no ApplicationSet made it: nothing removes it.",
    "remove it by hand if nobody needs it: kubectl delete application -n argocd {application}",
)
BLOCKED = _rule(
    "removal-blocked-by-sync",
    "A sync still runs, and Argo CD removes nothing before it ends.",
    "terminate the operation, and the removal goes on: argocd app terminate-op {application}",
)
TARGETS_LEFT = _rule(
    "target-group-left",
    "Application and namespace are gone, and AWS still has target groups that the load balancer controller made for the"
    " preview. They count against the load balancer's quota.",
    "see what the load balancer controller says of the group's other Ingresses (kubectl get events -A --field-selector"
    " involvedObject.kind=Ingress): it removes them with the next change of the group that it can make",
    "if they stay, remove them by hand: the list of orphans tells the command of each",
)
RULES = (
    TARGETS_LEFT,
    API_DOWN,
    CONVERSION,
    CONTENT_LEFT,
    PROJECT_GONE,
    *FINALIZERS,
    DEPENDANTS,
    POD_LEFT,
    DELETION_HOOK,
    WEBHOOK,
    CLUSTER_AWAY,
    FORBIDDEN,
    PASSES,
    OWNERS_FINALIZER,
    UNNOTICED,
    SILENT,
    LEFT_OVER,
    NOBODYS,
    BLOCKED,
)

#: What is there still, and billed, when all else of a preview is removed.
LEAKS: Final = frozenset({LEFT_OVER.code, TARGETS_LEFT.code})
