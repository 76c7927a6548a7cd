"""What the API server refuses beyond its schemas is refused by a rule at its place, and what it takes is taken."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.validate.policy import PolicySettings
from generator.validate.rules import RULES
from worlds.validating import VALIDATOR

IMAGE = f"registry.example.com/shop/web@sha256:{'3f1d' * 16}"
AMOUNTS = {"cpu": "250m", "memory": "256Mi"}
CONTAINER = {
    "name": "web",
    "image": IMAGE,
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "ports": [{"name": "http", "containerPort": 8080}],
    "resources": {"requests": dict(AMOUNTS), "limits": dict(AMOUNTS)},
}
POD = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
}
LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
JOB_POD = {"spec": {**POD, "restartPolicy": "Never"}}
OBJECTS: Mapping[str, Any] = {
    "Deployment": {"apiVersion": "apps/v1", "spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}},
    "StatefulSet": {"apiVersion": "apps/v1", "spec": {"selector": {"matchLabels": LABELS}, "serviceName": "web", "template": TEMPLATE}},
    "DaemonSet": {"apiVersion": "apps/v1", "spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}},
    "ReplicationController": {"apiVersion": "v1", "spec": {"selector": LABELS, "template": TEMPLATE}},
    "PodTemplate": {"apiVersion": "v1", "template": TEMPLATE},
    "Pod": {"apiVersion": "v1", "spec": POD},
    "Job": {"apiVersion": "batch/v1", "spec": {"template": JOB_POD}},
    "CronJob": {"apiVersion": "batch/v1", "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": JOB_POD}}}},
    "Service": {"apiVersion": "v1", "spec": {"ports": [{"name": "http", "port": 80}]}},
    "Ingress": {"apiVersion": "networking.k8s.io/v1", "spec": {"rules": [{"host": "a.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"resource": {"kind": "Bucket", "name": "a"}}}]}}]}},
    "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/16"}}], "ports": [{"port": 80}]}]}},
    "ConfigMap": {"apiVersion": "v1"},
    "Role": {"apiVersion": "rbac.authorization.k8s.io/v1", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    "ClusterRole": {"apiVersion": "rbac.authorization.k8s.io/v1", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    "RoleBinding": {"apiVersion": "rbac.authorization.k8s.io/v1", "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}, "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "b"}]},
    "LimitRange": {"apiVersion": "v1", "spec": {"limits": [{"type": "Container", "default": {"memory": "1Gi"}}]}},
    "ResourceQuota": {"apiVersion": "v1", "spec": {"hard": {"requests.cpu": "2", "count/jobs.batch": "3"}}},
    "PersistentVolumeClaim": {"apiVersion": "v1", "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}}},
    "HorizontalPodAutoscaler": {"apiVersion": "autoscaling/v2", "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}},
    "ClusterRoleBinding": {"apiVersion": "rbac.authorization.k8s.io/v1", "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"}},
    "PersistentVolume": {"apiVersion": "v1", "spec": {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteMany"], "csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1"}}},
    "IngressClass": {"apiVersion": "networking.k8s.io/v1", "spec": {"controller": "ingress.k8s.aws/alb", "parameters": {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "x"}}},
    "StorageClass": {"apiVersion": "storage.k8s.io/v1", "provisioner": "ebs.csi.aws.com", "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]},
    "PriorityClass": {"apiVersion": "scheduling.k8s.io/v1", "value": 5},
    "RuntimeClass": {"apiVersion": "node.k8s.io/v1", "handler": "runsc", "overhead": {"podFixed": {"cpu": "10m"}}},
    "CSIDriver": {"apiVersion": "storage.k8s.io/v1", "spec": {"fsGroupPolicy": "File", "tokenRequests": [{"audience": "a", "expirationSeconds": 3600}]}},
    "EndpointSlice": {"apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"name": "http", "port": 80}]},
    "Endpoints": {"apiVersion": "v1", "subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    "Lease": {"apiVersion": "coordination.k8s.io/v1", "spec": {"leaseDurationSeconds": 10}},
    "ValidatingWebhookConfiguration": {"apiVersion": "admissionregistration.k8s.io/v1", "webhooks": [{"name": "a.b.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {"url": "https://a.b/c"}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]},
    "CustomResourceDefinition": {"apiVersion": "apiextensions.k8s.io/v1", "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "web", "kind": "Web"}, "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}},
    "PodDisruptionBudget": {"apiVersion": "policy/v1", "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}},
    "APIService": {"apiVersion": "apiregistration.k8s.io/v1", "spec": {"group": "example.com", "version": "web", "groupPriorityMinimum": 100, "versionPriority": 10, "service": {"name": "a", "namespace": "b"}}},
    "Secret": {"apiVersion": "v1"},
    "ValidatingAdmissionPolicy": {"apiVersion": "admissionregistration.k8s.io/v1", "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}, "validations": [{"expression": "true"}]}},
    "ValidatingAdmissionPolicyBinding": {"apiVersion": "admissionregistration.k8s.io/v1", "spec": {"policyName": "a", "validationActions": ["Deny"]}},
    "MutatingAdmissionPolicy": {"apiVersion": "admissionregistration.k8s.io/v1beta1", "spec": {"reinvocationPolicy": "Never", "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}, "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}]}},
}  # fmt: skip
DELETE = object()


def changed(kind: str, where: str, value: Any) -> dict[str, Any]:
    """A sound object of `kind` with `value` at `where`: `/` between keys, `~` for the pod's spec, `@` for its container."""
    name = "web.example.com" if kind in ("CustomResourceDefinition", "APIService") else "web"
    tree = {"kind": kind, "metadata": {"name": name, "namespace": "shop"}, **copy.deepcopy(OBJECTS[kind])}
    pod = {"Pod": "spec", "PodTemplate": "template/spec", "CronJob": "spec/jobTemplate/spec/template/spec"}
    to_pod = pod.get(kind, "spec/template/spec")
    keys = where.replace("@", "~/containers/0").replace("~", to_pod).split("/")
    here: Any = tree
    for key in keys[:-1]:
        here = here[int(key)] if isinstance(here, list) else here.setdefault(key.replace("|", "/"), {})
    key = keys[-1].replace("|", "/")
    if value is DELETE:
        del here[key]
    elif isinstance(here, list):
        here[int(key) :] = [value]
    else:
        here[key] = value
    return tree


def findings(tree: dict[str, Any], version: str = "1.34") -> tuple[Finding, ...]:
    return VALIDATOR.validate([Manifest(tree, "f.yaml")], kubernetes=[version], settings=PolicySettings())


def rules(tree: dict[str, Any], version: str = "1.34") -> set[str]:
    return {f.rule for f in findings(tree, version)}


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_sound_objects_are_sound(kind: str) -> None:
    assert rules(changed(kind, "metadata/labels", {})) <= {"policy/secret"}


REFUSED = """
api/label    Deployment spec/template/metadata/labels/branch feature/login
api/label    Deployment spec/template/metadata/labels/branch aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
api/label    CronJob    spec/jobTemplate/metadata {labels: {a: b c}}
api/label    Pod        ~/nodeSelector {a/b/c: d}
api/label    Service    spec/selector {app: web/1}
api/annotations Deployment spec/template/metadata/annotations {a b: c}
api/selector Deployment spec/selector {}
api/selector Deployment spec/selector {matchExpressions: [{key: app, operator: In}]}
api/selector Deployment spec/selector {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}
api/selector Deployment spec/selector {matchLabels: {app: api}}
api/selector ReplicationController spec/selector {app: api}
api/selector Job        spec/selector {matchLabels: {a: b}}
api/mount    Deployment @/volumeMounts [{name: cfg, mountPath: /etc/app}]
api/mount    Job        @/volumeMounts [{name: cfg, mountPath: /etc/app}]
api/mount    ReplicationController @/volumeMounts [{name: cfg, mountPath: /etc/app}]
api/mount    Deployment ~ {volumes: [{name: t, emptyDir: {}}], containers: [{name: a, image: a, volumeMounts: [{name: t, mountPath: /a}, {name: t, mountPath: /a}]}]}
api/mount    Deployment ~ {volumes: [{name: t, emptyDir: {}}], containers: [{name: a, image: a, volumeMounts: [{name: t, mountPath: /a, subPath: ../x}]}]}
api/volume   Deployment ~/volumes [{name: t, emptyDir: {}, configMap: {name: a}}]
api/volume   Deployment ~/volumes [{name: t, emptyDir: {}}, {name: t, emptyDir: {}}]
api/volume   Deployment ~/volumes [{name: T_1, emptyDir: {}}]
api/volume   Deployment ~/volumes [{name: t, secret: {}}]
api/volume   Deployment ~/volumes [{name: t, configMap: {name: a, items: [{key: a, path: /a}], defaultMode: 512}}]
api/volume   Deployment ~/volumes [{name: t, projected: {sources: [{secret: {name: a}, configMap: {name: a}}]}}]
api/container Deployment ~/containers/1 {name: web, image: a}
api/container Deployment ~/initContainers [{name: web, image: a}]
api/container Deployment ~/initContainers [{name: a, image: a, livenessProbe: {tcpSocket: {port: 1}}}]
api/container Deployment @/name Web
api/container Deployment @/image ''
api/container Pod       ~/containers []
api/quantity Deployment @/resources/limits/ephemeral-storage 10GB
api/quantity Deployment @/resources/limits/cpu '-1'
api/quantity Deployment ~/volumes [{name: t, emptyDir: {sizeLimit: 1GB}}]
api/quantity PersistentVolumeClaim spec/resources/requests/storage 10GB
api/quantity StatefulSet spec/volumeClaimTemplates [{metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: ten}}}}]
api/quantity LimitRange spec/limits/0/default/memory 512MB
api/quantity ResourceQuota spec/hard/requests.cpu 2 cores
api/limits   ResourceQuota spec/hard/requests.gpu '1'
api/limits   ResourceQuota spec/hard/pods '1.5'
api/limits   LimitRange spec/limits/0/max {memory: 1Mi}
api/limits   LimitRange spec/limits/0 {type: Pod, default: {cpu: 1}}
api/resources Deployment @/resources/requests/cpu '1'
api/resources Deployment @/resources/limits/gpu '1'
api/resources Deployment @/resources/requests/nvidia.com|gpu '1'
api/resources Deployment @/resources/limits/nvidia.com|gpu '0.5'
api/schedule CronJob    spec/schedule 0 25 * * *
api/schedule CronJob    spec/schedule '*/5 * * *'
api/schedule CronJob    spec/schedule 0 */5 * * * *
api/schedule CronJob    spec/schedule 0 0 * * 7
api/schedule CronJob    spec/schedule 0 0 * foo *
api/schedule CronJob    spec/schedule '*/0 * * * *'
api/schedule CronJob    spec/schedule 5-1 * * * *
api/schedule CronJob    spec/schedule '@dayly'
api/schedule CronJob    spec/schedule '@every 1 hour'
api/schedule CronJob    spec/schedule TZ=Asia/Seoul 0 0 * * *
api/schedule CronJob    spec/timeZone Asia/Soul
api/schedule CronJob    spec/timeZone Local
api/schedule CronJob    spec/timeZone ../etc/passwd
api/name     CronJob    metadata/name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
api/restart-policy Job  ~/restartPolicy Always
api/restart-policy Job  ~/restartPolicy DELETE
api/restart-policy CronJob ~/restartPolicy DELETE
api/restart-policy Deployment ~/restartPolicy Never
api/restart-policy ReplicationController ~/restartPolicy OnFailure
api/restart-policy DaemonSet ~/activeDeadlineSeconds 5
api/job      Job        spec/backoffLimit -1
api/job      Job        spec/completionMode Indexed
api/job      CronJob    spec/failedJobsHistoryLimit -1
api/service  Service    spec/ports [{port: 80}, {port: 81}]
api/service  Service    spec/ports [{name: a, port: 80}, {name: b, port: 80}]
api/service  Service    spec/ports [{name: a, port: 80}, {name: a, port: 81}]
api/service  Service    spec {type: ExternalName}
api/service  Service    spec {type: ExternalName, externalName: 'https://a'}
api/service  Service    spec {type: ClusterIP}
api/service  Service    spec/ports [{port: 80, nodePort: 30080}]
api/service  Service    spec {type: ClusterIP, externalTrafficPolicy: Local, ports: [{port: 80}]}
api/port     Service    spec/ports [{port: 80000}]
api/port     Service    spec/ports [{port: 80, targetPort: 70000}]
api/port     Service    spec/ports [{port: 80, targetPort: this-name-is-too-long}]
api/address  Service    spec {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/33], ports: [{port: 80}]}
api/address  Service    spec {clusterIP: 10.0.0, ports: [{port: 80}]}
api/port     Deployment @/ports [{name: this-name-is-too-long, containerPort: 80}]
api/port     Deployment @/ports [{name: HTTP_1, containerPort: 80}]
api/port     Deployment @/ports [{name: '80', containerPort: 80}]
api/port     Deployment @/ports [{name: a, containerPort: 80}, {name: a, containerPort: 81}]
api/port     Deployment @/ports [{containerPort: 0}]
api/ingress  Ingress    spec/rules/0/http/paths/0/path api
api/ingress  Ingress    spec/rules/0/http/paths/0/path /a//b
api/ingress  Ingress    spec/rules/0/http/paths/0/path DELETE
api/ingress  Ingress    spec/rules/0/host a.example.com:8080
api/ingress  Ingress    spec/rules/0/host https://a.example.com
api/ingress  Ingress    spec/rules/0/host A.example.com
api/ingress  Ingress    spec/rules/0/host 10.0.0.1
api/ingress  Ingress    spec/rules/0/host a.*.example.com
api/ingress  Ingress    spec/rules/0/http/paths/0/backend {service: {name: a, port: {number: 80, name: http}}}
api/ingress  Ingress    spec/rules/0/http/paths/0/backend {service: {name: a, port: {}}}
api/ingress  Ingress    spec/rules/0/http/paths/0/backend {}
api/ingress  Ingress    spec {ingressClassName: alb}
api/ingress  Ingress    spec/tls [{hosts: ['A.example.com']}]
api/probe    Deployment @/livenessProbe {httpGet: {port: http}, tcpSocket: {port: http}}
api/probe    Deployment @/livenessProbe {periodSeconds: 5}
api/probe    Deployment @/livenessProbe {periodSeconds: -5, tcpSocket: {port: http}}
api/probe    Deployment @/startupProbe {successThreshold: 2, tcpSocket: {port: http}}
api/probe    Deployment @/readinessProbe {httpGet: {port: 99999}}
api/probe    Deployment @/readinessProbe {terminationGracePeriodSeconds: 5, httpGet: {port: 80}}
api/probe    CronJob    @/livenessProbe {exec: {}}
api/lifecycle Deployment @/lifecycle {preStop: {}}
api/lifecycle Deployment @/lifecycle {preStop: {sleep: {seconds: 60}}}
api/strategy Deployment spec/strategy {type: Recreate, rollingUpdate: {maxSurge: 1}}
api/strategy Deployment spec/strategy {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}
api/strategy Deployment spec/strategy {rollingUpdate: {maxSurge: 0%, maxUnavailable: '0%'}}
api/strategy Deployment spec/strategy {rollingUpdate: {maxSurge: 25percent}}
api/strategy Deployment spec/strategy {rollingUpdate: {maxUnavailable: 200%}}
api/strategy Deployment spec/strategy {rollingUpdate: {maxSurge: -1}}
api/strategy Deployment spec/progressDeadlineSeconds 0
api/strategy DaemonSet  spec/updateStrategy {rollingUpdate: {maxUnavailable: 0}}
api/strategy DaemonSet  spec/updateStrategy {rollingUpdate: {maxSurge: 1}}
api/strategy StatefulSet spec/updateStrategy {type: OnDelete, rollingUpdate: {partition: 1}}
api/number   Deployment spec/replicas -1
api/number   ReplicationController spec/replicas -1
api/number   Deployment spec/minReadySeconds -1
api/number   Pod        ~/activeDeadlineSeconds 0
api/env      Deployment @/env [{name: A=B, value: c}]
api/env      Deployment @/env [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
api/env      Deployment @/env [{name: A, valueFrom: {}}]
api/env      Deployment @/env [{name: A, valueFrom: {fieldRef: {fieldPath: spec.replicas}}}]
api/env      Deployment @/env [{name: A, valueFrom: {secretKeyRef: {key: a}}}]
api/env      Deployment @/envFrom [{prefix: A}]
api/scheduling Deployment ~/tolerations [{key: a, operator: Exists, value: b}]
api/scheduling Deployment ~/tolerations [{value: b}]
api/scheduling Deployment ~/tolerations [{key: a, tolerationSeconds: 5}]
api/scheduling Deployment ~/topologySpreadConstraints [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]
api/scheduling Deployment ~/affinity {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, podAffinityTerm: {topologyKey: a}}]}}
api/scheduling Deployment ~/affinity {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}
api/security-context Deployment @/securityContext/runAsUser -1
api/security-context Deployment ~/securityContext/seccompProfile {type: Localhost}
api/address  Deployment ~/hostAliases [{ip: host, hostnames: [a]}]
api/name     Deployment ~/serviceAccountName A_b
api/name     Deployment metadata/name Web
api/name     Deployment metadata/name DELETE
api/name     Service    metadata/name a.b
api/name     Role       metadata/name a/b
api/data     ConfigMap  data {a b: c}
schema/value ConfigMap  binaryData {a: '%'}
api/rbac     Role       rules/0/verbs []
api/rbac     Role       rules/0 {verbs: [get], nonResourceURLs: [/healthz]}
api/rbac     RoleBinding roleRef/kind Deployment
api/claim    PersistentVolumeClaim spec/accessModes []
api/claim    PersistentVolumeClaim spec/resources {}
api/autoscaling HorizontalPodAutoscaler spec/maxReplicas 0
api/autoscaling HorizontalPodAutoscaler spec/minReplicas 9
api/autoscaling HorizontalPodAutoscaler spec/metrics [{type: Resource}]
api/disruption PodDisruptionBudget spec/maxUnavailable 1
api/disruption PodDisruptionBudget spec/minAvailable half
api/network-policy NetworkPolicy spec/ingress/0/from [{}]
api/network-policy NetworkPolicy spec/ingress/0/from [{ipBlock: {cidr: 10.0.0.0/16, except: [10.1.0.0/24]}}]
api/network-policy NetworkPolicy spec/ingress/0/ports [{port: http, endPort: 90}]
api/address  NetworkPolicy spec/ingress/0/from [{ipBlock: {cidr: 10.0.0.0}}]
api/pod      Deployment spec null
api/name     ConfigMap  metadata {generateName: a._}
schema/value Deployment spec/replicas 3000000000
api/name     StatefulSet metadata/name web.1
api/container Deployment ~/containers/1 null
api/env      Deployment @/env [null]
api/env      Deployment @/env [{name: A, valueFrom: {secretKeyRef: {name: Web_1, key: a}}}]
api/env      CronJob    @/envFrom [{configMapRef: {name: a/b}}]
api/env      Deployment @/envFrom [{prefix: 한, configMapRef: {name: a}}]
api/env      Deployment @/env [{name: A, valueFrom: {resourceFieldRef: {resource: ''}}}]
api/quantity Deployment @/env [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1KB}}}]
api/probe    Deployment @/livenessProbe {httpGet: {port: 80, httpHeaders: [{name: 'a b', value: c}]}}
api/resources Deployment @/resizePolicy [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: RestartContainer}]
api/mount    Deployment ~ {volumes: [{name: t, emptyDir: {}}], containers: [{name: a, image: a, volumeMounts: [{name: t, mountPath: /a, recursiveReadOnly: Enabled}]}]}
api/volume   Deployment ~/volumes [null]
api/volume   Deployment ~/volumes [{name: t, csi: {driver: a/b}}]
api/volume   Deployment ~/volumes [{name: t, csi: {driver: a.b, nodePublishSecretRef: {}}}]
api/volume   Deployment ~/volumes [{name: t, image: {pullPolicy: Always}}]
api/volume   Deployment ~/volumes [{name: t, downwardAPI: {items: [{path: a}]}}]
api/volume   Deployment ~/volumes [{name: t, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: spec.replicas}}]}}]
api/volume   Deployment ~/volumes [{name: t, projected: {sources: [{serviceAccountToken: {path: a, expirationSeconds: 60}}]}}]
api/mount    Deployment ~/volumes [{name: t, projected: {sources: [{serviceAccountToken: {path: ../a}}]}}]
api/label    Deployment ~/volumes [{name: t, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b c}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]
api/number   Pod        ~/activeDeadlineSeconds 3000000000
api/address  Deployment ~/dnsConfig {searches: [a/b]}
api/address  Deployment ~/dnsConfig {options: [{value: '2'}]}
api/pod      Deployment ~/readinessGates [{conditionType: 'a b'}]
api/pod      Deployment ~/schedulingGates [{name: a/b}, {name: a/b}]
api/scheduling Deployment ~/topologySpreadConstraints [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [a]}]
api/scheduling Deployment ~/affinity {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b c]}]}]}}}
api/scheduling Deployment ~/affinity {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: spec.name, operator: In, values: [b]}]}]}}}
api/scheduling Deployment ~/affinity {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, namespaces: [A_b]}]}}
api/security-context Deployment ~/securityContext/supplementalGroups [-1]
api/security-context Deployment ~/securityContext/sysctls [{name: A B, value: '1'}]
schema/enum  Deployment ~/securityContext/supplementalGroupsPolicy Both
schema/enum  Deployment @/securityContext/procMount Masked
schema/enum  Deployment ~/volumes [{name: t, hostPath: {path: /a, type: Folder}}]
schema/enum  Service    spec/trafficDistribution Close
schema/enum  ResourceQuota spec/scopes [Ended]
schema/enum  IngressClass spec/parameters/scope Everywhere
schema/enum  PriorityClass preemptionPolicy Always
schema/enum  CSIDriver  spec/fsGroupPolicy Folder
schema/enum  EndpointSlice addressType IPv5
schema/enum  ValidatingWebhookConfiguration webhooks/0/rules/0/operations [create]
schema/enum  ValidatingWebhookConfiguration webhooks/0/failurePolicy Ignored
schema/enum  CustomResourceDefinition spec/scope namespaced
api/autoscaling HorizontalPodAutoscaler spec/scaleTargetRef/apiVersion v1
api/autoscaling HorizontalPodAutoscaler spec/scaleTargetRef/name a/b
api/autoscaling HorizontalPodAutoscaler spec/metrics [{type: External, external: {metric: {name: ''}, target: {type: AverageValue, averageValue: 3}}}]
api/quantity HorizontalPodAutoscaler spec/metrics [{type: External, external: {metric: {name: a}, target: {type: AverageValue, averageValue: 3GB}}}]
api/quantity HorizontalPodAutoscaler spec/metrics [{type: External, external: {metric: {name: a}, target: {type: AverageValue, averageValue: 0}}}]
api/claim    PersistentVolume spec/csi DELETE
api/claim    PersistentVolume spec/nfs {server: a, path: /}
api/claim    PersistentVolume spec/storageClassName A_b
api/scheduling PersistentVolume spec/nodeAffinity {required: {nodeSelectorTerms: []}}
api/ingress  IngressClass spec/controller alb
api/ingress  Ingress    spec/rules/0/http/paths/0/backend {resource: {kind: a/b, name: a}}
api/name     StorageClass provisioner a/b/c
api/scheduling StorageClass allowedTopologies/0/matchLabelExpressions/0/values []
api/name     RuntimeClass handler run.sc
api/quantity RuntimeClass overhead/podFixed/cpu 10mm
api/number   CSIDriver  spec/tokenRequests/0/expirationSeconds 60
api/address  EndpointSlice endpoints/0/addresses []
api/port     EndpointSlice ports/0/name a.b
api/address  Endpoints  subsets/0/addresses/0/ip ten
api/port     Endpoints  subsets/0/ports/0/port 0
api/number   Lease      spec/leaseDurationSeconds 0
api/rbac     ClusterRoleBinding subjects [{kind: ServiceAccount, name: a}]
api/rbac     ClusterRoleBinding roleRef/name a/b
api/rbac     ClusterRole aggregationRule {clusterRoleSelectors: []}
api/label    ClusterRole aggregationRule {clusterRoleSelectors: [{matchLabels: {a: b c}}]}
api/definition CustomResourceDefinition spec/names/shortNames [A_b]
api/definition CustomResourceDefinition spec/names/kind My Kind
api/definition CustomResourceDefinition spec/versions/0/additionalPrinterColumns [{name: A, type: text, jsonPath: .spec}]
api/definition CustomResourceDefinition spec/versions/0/subresources {scale: {specReplicasPath: spec.a, statusReplicasPath: .status.a}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {spec: {properties: {a: {type: string}}}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: text}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: array}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: array, items: {}}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: object, additionalProperties: {items: {type: string}}}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: array, items: {type: string, description: [x]}}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {metadata: {type: string}}}
api/definition CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items: {type: object, properties: {name: {type: string}}}}}}
api/definition CustomResourceDefinition spec/group widgets.k8s.io
api/owner    Deployment metadata/ownerReferences [{apiVersion: v1, kind: Pod, name: a, uid: ''}]
api/owner    ConfigMap metadata/ownerReferences [{apiVersion: v1, kind: Pod, name: a, uid: a, controller: true}, {apiVersion: v1, kind: Pod, name: b, uid: b, controller: true}]
api/container Pod ~/ephemeralContainers [{name: debug, image: busybox}]
api/port     DaemonSet @/ports [null]
api/claim    PersistentVolumeClaim spec/accessModes [null]
api/name     StatefulSet spec/serviceName Web_1
api/network-policy NetworkPolicy spec/policyTypes [null]
api/network-policy NetworkPolicy spec/policyTypes [Ingress, Egress, Ingress]
api/data     Secret type kubernetes.io/service-account-token
api/data     Secret type kubernetes.io/basic-auth
schema/value Secret data {a: 'no base64'}
schema/value Deployment metadata/creationTimestamp '2018-12-02 09:24:46'
schema/value ConfigMap metadata/creationTimestamp ''
schema/value Pod status {startTime: '2018-12-02'}
schema/value ValidatingWebhookConfiguration webhooks/0/clientConfig/caBundle '__CA_BUNDLE__'
api/webhook  ValidatingWebhookConfiguration webhooks/0/clientConfig {url: 'http://a.b/c'}
api/webhook  ValidatingWebhookConfiguration webhooks/0/clientConfig {service: {name: a, namespace: ''}}
api/webhook  ValidatingWebhookConfiguration webhooks [null]
api/webhook  ValidatingWebhookConfiguration webhooks/0/admissionReviewVersions []
api/webhook  ValidatingWebhookConfiguration webhooks/0/admissionReviewVersions [V_1]
api/webhook  ValidatingWebhookConfiguration webhooks/0/rules/0/operations []
api/webhook  ValidatingWebhookConfiguration webhooks/0/rules/0/operations [null]
api/webhook  ValidatingWebhookConfiguration webhooks/0/rules/0/resources ['']
api/webhook  ValidatingWebhookConfiguration webhooks/0/rules/0/resources ['*', pods]
api/webhook  ValidatingWebhookConfiguration webhooks/0/rules/0/apiGroups ['*', apps]
api/webhook  ValidatingWebhookConfiguration webhooks/0/matchConditions [{name: a, expression: 'true'}, {name: a, expression: 'true'}]
api/admission-policy ValidatingAdmissionPolicy spec {validations: [{expression: 'true'}]}
api/admission-policy ValidatingAdmissionPolicy spec/validations []
api/admission-policy ValidatingAdmissionPolicy spec/validations [{expression: ''}]
api/admission-policy ValidatingAdmissionPolicy spec/matchConstraints/resourceRules/0/apiVersions ['']
api/admission-policy ValidatingAdmissionPolicy spec/variables [{name: a-b, expression: 'true'}]
schema/enum  ValidatingAdmissionPolicy spec/validations/0/reason Teapot
api/admission-policy MutatingAdmissionPolicy spec/mutations []
api/admission-policy MutatingAdmissionPolicy spec/mutations/0/patchType Patch
api/admission-policy MutatingAdmissionPolicy spec/mutations/0/jsonPatch null
api/admission-policy MutatingAdmissionPolicy spec/reinvocationPolicy Always
api/admission-policy ValidatingAdmissionPolicyBinding spec/policyName ''
api/admission-policy ValidatingAdmissionPolicyBinding spec null
api/admission-policy ValidatingAdmissionPolicyBinding spec/validationActions [Deny, Warn]
api/admission-policy ValidatingAdmissionPolicyBinding spec/validationActions []
api/api-service APIService metadata/name example.com
api/api-service APIService spec/groupPriorityMinimum 20001
api/api-service APIService spec null
policy/pod-security ReplicationController ~/hostNetwork true
policy/pod-security PodTemplate ~/hostNetwork true
policy/memory Deployment @/resources/limits/memory 256m
""".strip().splitlines()


@pytest.mark.parametrize("row", REFUSED)
def test_it_is_refused(row: str) -> None:
    rule, kind, where, text = row.split(maxsplit=3)
    value = DELETE if text == "DELETE" else yaml.safe_load(text)
    assert rule in rules(changed(kind, where, value))


TOLD_ONCE = """
Pod         ~/activeDeadlineSeconds 0
Deployment  @/env [{name: a, valueFrom: {configMapKeyRef: {name: '', key: a}}}]
Deployment  @/envFrom [{secretRef: {name: ''}}]
Deployment  @/livenessProbe {httpGet: {port: 80, httpHeaders: [{name: '', value: a}]}}
Deployment  @/lifecycle {preStop: {httpGet: {port: 80, httpHeaders: [{name: '', value: a}]}}}
Deployment  ~/volumes [{name: t, csi: {driver: ''}}]
HorizontalPodAutoscaler spec/scaleTargetRef {kind: '', name: web, apiVersion: apps/v1}
RoleBinding roleRef/name ''
""".strip().splitlines()


@pytest.mark.parametrize("row", TOLD_ONCE)
def test_what_is_wrong_with_a_field_is_told_once(row: str) -> None:
    kind, where, text = row.split(maxsplit=2)
    told = findings(changed(kind, where, yaml.safe_load(text)))
    assert len(told) == 1, told


TAKEN = """
LimitRange metadata {}
LimitRange metadata DELETE
LimitRange spec {}
ConfigMap metadata/creationTimestamp '2018-12-02T09:24:46.123456+09:00'
ConfigMap metadata/creationTimestamp null
Pod ~/securityContext {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}, sysctls: [{name: kernel.shm_rmid_forced}]}
Pod status {containerStatuses: [{name: web, ready: true}]}
Deployment ~/initContainers [{name: a, image: registry.example.com/a, ports: [{containerPort: 80, hostPort: 80}]}, {name: b, image: registry.example.com/a, ports: [{containerPort: 80, hostPort: 80}]}]
CSIDriver spec DELETE
Secret data {a: "YWJj\\nZGVm"}
APIService metadata/name web.example.com
ValidatingAdmissionPolicy spec/variables [{name: a, expression: 'true'}, {name: a, expression: 'false'}]
ValidatingAdmissionPolicyBinding spec/paramRef {name: a}
MutatingAdmissionPolicy spec/matchConstraints/resourceRules/0/resources [pods, 'pods/*']
CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {x-kubernetes-int-or-string: true}, b: {x-kubernetes-preserve-unknown-fields: true}, c: {type: object, additionalProperties: true}, metadata: {type: object}}}
CustomResourceDefinition spec/versions/0/schema/openAPIV3Schema {type: object, properties: {a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items: {type: object, properties: {name: {type: string, default: ''}}}}}}
ConfigMap metadata/name configuration-of-the-shop-configuration-of-the-shop-configuration-of-the-shop-x
Job metadata {generateName: migrate-}
ClusterRole metadata/name shop:reader
RoleBinding metadata/name 'system::A_b'
CronJob spec/schedule '@every 1h30m'
CronJob spec/schedule 5/10 */2 1,15 JAN-mar sun
CronJob spec/schedule '* * ? * *'
CronJob spec/timeZone Asia/Seoul
Deployment @/resources {requests: {cpu: 1000000u, memory: 134217728000m}, limits: {cpu: 1, memory: 140e6}}
Deployment @/resources {requests: {cpu: '1.', memory: 1Pi}, limits: {cpu: .5e1, memory: 1Ei}}
Deployment @/resources {requests: {cpu: 1, memory: 1024Mi, nvidia.com/gpu: 1}, limits: {cpu: 1000m, memory: 1Gi, nvidia.com/gpu: 1}}
Deployment @/env [{name: a.b-c, value: ''}, {name: L, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}]
Deployment @/securityContext/seccompProfile null
Deployment @/ports null
Deployment ~/affinity null
Deployment ~/volumes [{name: t}]
Deployment ~/volumes [{name: t, projected: {sources: [{serviceAccountToken: {path: a}}]}}]
Deployment spec/strategy {type: Recreate, rollingUpdate: null}
Deployment spec/strategy {rollingUpdate: {maxSurge: 0}}
Deployment spec/selector {matchExpressions: [{key: app, operator: In, values: [web, api]}, {key: x, operator: DoesNotExist}]}
DaemonSet spec/updateStrategy {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
Service spec {clusterIP: None, selector: {}}
Service spec/ports [{name: a, port: 80, targetPort: 0}, {name: b, port: 80, protocol: UDP}]
Service spec {type: ExternalName, externalName: a.example.com., ports: [{port: 80}]}
Service spec {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1/16], externalTrafficPolicy: Local, ports: [{port: 80, nodePort: 30080}]}
Ingress spec/rules/0/host '*.example.com'
Ingress spec/rules/0/http/paths/0 {pathType: ImplementationSpecific, backend: {resource: {kind: A, name: a}}}
Deployment ~/tolerations [{operator: Exists}]
PersistentVolumeClaim spec/storageClassName ''
ValidatingWebhookConfiguration webhooks/0/rules/0/resources [pods, '*']
LimitRange spec/limits/0/default/memory 536870912
RoleBinding subjects/0 {kind: ServiceAccount, name: a}
PodDisruptionBudget metadata/name Web_1
Deployment ~/topologySpreadConstraints [{maxSkew: 1, topologyKey: 'any key', whenUnsatisfiable: DoNotSchedule}]
Deployment ~/dnsConfig {searches: [a.local., _srv.local], options: [{name: ndots, value: '2'}]}
Deployment ~/restartPolicy ''
Deployment @/imagePullPolicy ''
Deployment spec/strategy {type: ''}
CronJob spec/concurrencyPolicy ''
Service spec/ports [{port: 80, protocol: ''}]
StorageClass reclaimPolicy ''
Deployment ~/volumes [{name: t, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: "metadata.labels['app']"}}]}}]
Deployment @/livenessProbe {httpGet: {port: 80, httpHeaders: [{name: X-Probe, value: a}]}}
HorizontalPodAutoscaler spec/metrics [{type: External, external: {metric: {name: a}, target: {type: AverageValue, averageValue: 500m}}}]
HorizontalPodAutoscaler spec/scaleTargetRef {kind: ReplicationController, name: a, apiVersion: v1}
""".strip().splitlines()


@pytest.mark.parametrize("row", TAKEN)
def test_it_is_taken(row: str) -> None:
    kind, where, text = row.split(maxsplit=2)
    value = DELETE if text == "DELETE" else yaml.safe_load(text)
    assert {rule for rule in rules(changed(kind, where, value)) if RULES[rule].refuser == "the API server"} == set()


def test_a_service_may_begin_with_a_digit_from_the_version_on_that_takes_it() -> None:
    service = changed("Service", "metadata/name", "1web")
    assert [rules(service, version) for version in ("1.35", "1.36")] == [{"api/name"}, set()]
