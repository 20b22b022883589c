"""KEDA's operator and metrics server beside the control plane."""

import os

from cluster import free_port
from kafka import certificate

SERVICE = "keda-metrics-apiserver"


def start(cluster):
    """The operator and the metrics server, and how the API server finds the latter. Both work as an administrator here: KEDA's own roles
    are not tested."""
    folder = cluster.folder / "certificates-keda"
    folder.mkdir()
    certificate(folder, "keda")
    grpc, adapter = free_port(), free_port()
    environment = {**os.environ, "KUBECONFIG": str(cluster.config), "POD_NAMESPACE": "keda", "KEDA_CLUSTER_OBJECT_NAMESPACE": "keda", "WATCH_NAMESPACE": ""}
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "keda"}}])
    cluster.apply(api_service(adapter))
    cluster.spawn("keda-operator", "--metrics-bind-address", "127.0.0.1:0", "--health-probe-bind-address", f"127.0.0.1:{free_port()}",
                  "--metrics-service-bind-address", f"127.0.0.1:{grpc}", "--cert-dir", folder, environment=environment)
    tls = ("--tls-cert-file", folder / "tls.crt", "--tls-private-key-file", folder / "tls.key")
    access = (part for kind in ("authentication", "authorization", "lister") for part in (f"--{kind}-kubeconfig", cluster.config))
    cluster.spawn("keda-adapter", "--secure-port", adapter, "--bind-address", "127.0.0.1", "--port", free_port(), "--cert-dir", folder, *tls, *access,
                  "--metrics-service-address", f"localhost:{grpc}", environment=environment)
    available = ("get", "apiservice", "v1beta1.external.metrics.k8s.io", "--output", "jsonpath={.status.conditions[?(@.type=='Available')].status}")
    cluster.until("the metrics server answers", lambda: cluster.kubectl(*available).stdout == "True" or "it does not")


def api_service(port):
    """Requests come without a name, since the API server has no certificate for its proxy here."""
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE, "namespace": "keda"},
         "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}},
        {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
         "spec": {"service": {"name": SERVICE, "namespace": "keda", "port": port}, "group": "external.metrics.k8s.io", "version": "v1beta1",
                  "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": True}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "metrics-without-a-name"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}]},
    ]
