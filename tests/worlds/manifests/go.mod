module rtb-ai-hub/tests/manifests

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.6.1
	github.com/argoproj/argo-rollouts v1.10.2
	github.com/cert-manager/cert-manager v1.21.2
	github.com/external-secrets/external-secrets v1.3.2
	github.com/fluxcd/flux2/v2 v2.9.5
	github.com/fluxcd/kustomize-controller v1.10.1
	github.com/fluxcd/source-controller v1.10.1
	github.com/kedacore/keda/v2 v2.21.0
	github.com/kyverno/kyverno v1.19.1
	github.com/open-policy-agent/gatekeeper/v3 v3.23.1
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/yannh/kubeconform v0.8.0
	github.com/zegl/kube-score v1.20.0
	istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
	k8s.io/ingress-nginx v0.0.0-20240708192948-52c50467d67d
	k8s.io/kubectl v0.37.1
	k8s.io/kubernetes v1.37.0
	knative.dev/serving v0.51.0
	sigs.k8s.io/cluster-api v1.14.2
	sigs.k8s.io/gateway-api v1.7.0
	sigs.k8s.io/kueue v0.17.0
	sigs.k8s.io/kwok v0.8.0
	sigs.k8s.io/metrics-server v0.9.0
)
