"""Karpenter's NodePool and EC2NodeClass: whole ones pass, and each mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from worlds.validating import found

#: Spot nodes for previews, each field of our schemas in use.
NODE_POOL = """\
apiVersion: karpenter.sh/v1
kind: NodePool
metadata:
  name: previews
spec:
  weight: 10
  limits:
    cpu: 32
    memory: 64Gi
    nodes: "8"
  disruption:
    consolidationPolicy: WhenEmptyOrUnderutilized
    consolidateAfter: 5m
    budgets:
    - nodes: 20%
    - nodes: "0"
      schedule: 0 9 * * mon-fri
      duration: 8h
      reasons: [Drifted]
  template:
    metadata:
      labels: {rtb.hub/compute: spot}
      annotations: {example.com/team: hub}
    spec:
      nodeClassRef:
        group: karpenter.k8s.aws
        kind: EC2NodeClass
        name: previews
      taints:
      - key: rtb.hub/preview
        value: "true"
        effect: NoSchedule
      startupTaints:
      - key: example.com/starting
        effect: NoExecute
      expireAfter: 720h
      terminationGracePeriod: 5m
      requirements:
      - key: karpenter.sh/capacity-type
        operator: In
        values: [spot]
      - key: karpenter.k8s.aws/instance-generation
        operator: Gt
        values: ["4"]
      - key: karpenter.k8s.aws/instance-gpu-count
        operator: DoesNotExist
"""
NODE_CLASS = """\
apiVersion: karpenter.k8s.aws/v1
kind: EC2NodeClass
metadata:
  name: previews
spec:
  amiFamily: AL2023
  role: rtb-previews-node
  amiSelectorTerms:
  - alias: al2023@v20261001
  subnetSelectorTerms:
  - tags: {karpenter.sh/discovery: rtb-int}
  - id: subnet-0123456789abcdef0
  securityGroupSelectorTerms:
  - id: sg-0123456789abcdef0
  - name: nodes
  - tags: {karpenter.sh/discovery: rtb-int}
  associatePublicIPAddress: false
  detailedMonitoring: true
  metadataOptions:
    httpEndpoint: enabled
    httpProtocolIPv6: disabled
    httpPutResponseHopLimit: 1
    httpTokens: required
  blockDeviceMappings:
  - deviceName: /dev/xvda
    rootVolume: true
    ebs: {volumeSize: 20Gi, volumeType: gp3, encrypted: true, deleteOnTermination: true, iops: 3000, throughput: 125}
  tags: {team: hub}
  userData: "#!/bin/sh"
"""


@pytest.mark.parametrize("text", [NODE_POOL, NODE_CLASS], ids=["NodePool", "EC2NodeClass"])
def test_a_whole_one_passes(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, text) == []


WRONG: list[tuple[str, str, str, str, str]] = [
    # what, right text, wrong text, rule, where in the wrong text the finding points to
    ("a field of its own", "  weight: 10", "  wait: 10", "schema/unknown-field", "wait: 10"),
    ("no template", "  template:", "  replicas:", "schema/required", "spec:\n"),
    ("a weight above 100", "weight: 10", "weight: 101", "schema/value", "weight: 101"),
    ("a limit that is no quantity", "memory: 64Gi", "memory: 64GiB", "schema/value", "memory: 64GiB"),
    ("a policy there is not", "WhenEmptyOrUnderutilized", "WhenUnderutilized", "schema/enum", "consolidationPolicy"),
    ("a wait without a unit", "After: 5m", "After: 5 min", "schema/value", "consolidateAfter"),
    ("a budget of 200 %", "nodes: 20%", "nodes: 200%", "schema/value", "nodes: 200%"),
    ("a budget with a number as such", 'nodes: "0"', "nodes: 0", "schema/type", "nodes: 0"),
    ("a schedule without its length", "      duration: 8h\n", "", "schema/required", 'nodes: "0"'),
    ("a reason there is not", "[Drifted]", "[Expired]", "schema/enum", "Expired"),
    ("no class of nodes", "      nodeClassRef:", "      x:", "schema/required", "spec:\n      x"),
    ("a class of a group without version", "group: karpenter.k8s.aws", "apiVersion: karpenter.k8s.aws/v1", "schema/unknown-field", "apiVersion: karpenter.k8s.aws/v1"),
    ("another provider's class", "kind: EC2NodeClass", "kind: AKSNodeClass", "schema/enum", "kind: AKSNodeClass"),
    ("an effect there is not", "effect: NoSchedule", "effect: NoStart", "schema/enum", "effect: NoStart"),
    ("a taint without effect", "        effect: NoExecute\n", "", "schema/required", "key: example.com/starting"),
    ("a taint's value as truth value", 'value: "true"', "value: true", "schema/type", "value: true"),
    ("an end that never comes", "terminationGracePeriod: 5m", "terminationGracePeriod: Never", "schema/value", "terminationGracePeriod"),
    ("an operator there is not", "operator: In", "operator: Is", "schema/enum", "operator: Is"),
    ("In without values", "        values: [spot]\n", "", "schema/required", "key: karpenter.sh/capacity-type"),
    ("In with no value", "values: [spot]", "values: []", "schema/value", "values: []"),
    ("Gt a number as such", 'values: ["4"]', "values: [4]", "schema/type", "4]"),
    ("Gt two numbers", 'values: ["4"]', 'values: ["4", "5"]', "schema/value", 'values: ["4"'),
    ("Gt a word", 'values: ["4"]', "values: [four]", "schema/value", "four"),
    ("a family there is not", "amiFamily: AL2023", "amiFamily: Ubuntu", "schema/enum", "amiFamily: Ubuntu"),
    ("no role", "  role: rtb-previews-node\n", "", "schema/value", "spec:\n"),
    ("a role and a profile", "  role: rtb", "  instanceProfile: a\n  role: rtb", "schema/value", "spec:\n"),
    ("an alias of no release", "al2023@v20261001", "al2023", "schema/value", "alias: al2023"),
    ("an alias and an id", "alias: al2023@v20261001", "{alias: al2023@v1, id: ami-1}", "schema/value", "{alias"),
    ("an alias beside another image", "  - alias: al2023@v20261001", "  - alias: al2023@v1\n  - id: ami-1", "schema/value", "amiSelectorTerms"),
    ("no family and no alias", "  amiFamily: AL2023\n  role: rtb-previews-node\n  amiSelectorTerms:\n  - alias: al2023@v20261001", "  role: a\n  amiSelectorTerms:\n  - id: ami-1", "schema/required", "spec:\n"),
    ("no subnets", "  subnetSelectorTerms:\n", "  subnets:\n", "schema/required", "spec:\n"),
    ("a subnet by id and tags", "- id: subnet-0123456789abcdef0", "- {id: subnet-1, tags: {a: b}}", "schema/value", "{id: subnet-1"),
    ("a subnet's id of another kind", "id: subnet-0", "id: vpc-0", "schema/value", "id: vpc-0"),
    ("an empty tag", "tags: {karpenter.sh/discovery: rtb-int}\n  - id", 'tags: {karpenter.sh/discovery: ""}\n  - id', "schema/value", 'karpenter.sh/discovery: ""'),
    ("a security group by nothing", "- name: nodes", "- {}", "schema/value", "{}"),
    ("tokens as truth value", "httpTokens: required", "httpTokens: true", "schema/type", "httpTokens"),
    ("tokens there are not", "httpTokens: required", "httpTokens: always", "schema/enum", "httpTokens"),
    ("65 hops", "HopLimit: 1", "HopLimit: 65", "schema/value", "httpPutResponseHopLimit"),
    ("a volume without size", "volumeSize: 20Gi, ", "", "schema/required", "ebs: {"),
    ("a volume of gibibytes as a number", "volumeSize: 20Gi", "volumeSize: 20", "schema/type", "volumeSize"),
    ("a volume type there is not", "volumeType: gp3", "volumeType: gp4", "schema/enum", "volumeType"),
    ("a tag that Karpenter sets", "tags: {team: hub}", "tags: {karpenter.sh/nodepool: x}", "schema/value", "tags: {karpenter.sh/nodepool"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "rule", "place"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_it_is_told_where(right: str, wrong: str, rule: str, place: str, tmp_path: Path) -> None:
    text = NODE_POOL if right in NODE_POOL else NODE_CLASS
    assert right in text
    text = text.replace(right, wrong, 1)
    findings = found(tmp_path, text)
    line = text[: text.index(place)].count("\n") + 1
    assert (rule, line) in {(finding.rule, finding.location.line) for finding in findings if finding.location}
