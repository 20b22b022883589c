"""An overlay's objects, found by kind and name."""

from render import name_of, pod_of


class World:
    def __init__(self, documents):
        self.documents = documents

    def of(self, *kinds):
        return [document for document in self.documents if document["kind"] in kinds]

    def find(self, kind, name, namespace="vru-detection"):
        for document in self.of(kind):
            metadata = document["metadata"]
            if metadata["name"] == name and metadata.get("namespace", namespace) == namespace:
                return document
        return None

    def workloads(self):
        """Name, pod's labels and pod's spec of whatever makes pods."""
        for document in self.documents:
            pod = pod_of(document)
            if pod:
                yield name_of(document), document, pod

    def config_map(self, name):
        found = self.find("ConfigMap", name)
        return None if found is None else found.get("data", {})

    def secret_keys(self, name):
        """The keys that a Secret will have, by what makes it; None if nothing does."""
        external = self.find("ExternalSecret", name)
        if external:
            template = external["spec"]["target"].get("template", {}).get("data", {})
            return set(template) | {entry["secretKey"] for entry in external["spec"].get("data", [])}
        for certificate in self.of("Certificate"):
            if certificate["spec"]["secretName"] == name:
                return {"tls.crt", "tls.key", "ca.crt"}
        if self.find("KafkaUser", name):
            return {"password", "sasl.jaas.config"}
        for kafka in self.of("Kafka"):
            if name == kafka["metadata"]["name"] + "-cluster-ca-cert":
                return {"ca.crt", "ca.p12", "ca.password"}
        for cluster in self.of("Cluster"):
            if name == cluster["metadata"]["name"] + "-ca":
                return {"ca.crt"}
        # docs/deploy.md tells operators to make it.
        return {"access-key", "secret-key"} if name == "vru-bucket-login" else None
