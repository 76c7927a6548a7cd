module rtb-ai-hub/e2e/crds

go 1.26.0

require (
	github.com/aws/amazon-vpc-resource-controller-k8s v1.8.2
	github.com/aws/karpenter-provider-aws v1.15.1
	github.com/external-secrets/external-secrets v1.3.2
)
