"""Apache Kafka for KEDA: a listener with TLS, passwords and ACLs, as the manifests ask for, and a plain one for the test itself."""

import subprocess

from cluster import free_port
from render import CACHE, ROOT

USER, PASSWORD = "vru-kafka-keda", "for-a-test"
LAG = ROOT / "k8s/tests/control_plane/lag.py"


class Kafka:
    def __init__(self, cluster):
        """Ends with the cluster."""
        self.cluster, self.folder = cluster, cluster.folder / "kafka"
        self.folder.mkdir()
        self.plain, self.sasl = free_port(), free_port()
        self.certificates()
        self.settings()
        self.java("kafka.tools.StorageTool", "format", "--cluster-id", "dnJ1LXRlc3QtY2x1c3Rlcg", "--config", "server.properties", "--add-scram",
                  f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]").wait(timeout=120)
        self.start()

    def start(self):
        self.process = self.java("kafka.Kafka", "server.properties")
        self.cluster.processes.append(self.process)
        self.cluster.until("Kafka answers", lambda: self.lag("ready", check=False) or "it does not")

    def stop(self):
        self.cluster.processes.remove(self.process)
        self.process.terminate()
        self.process.wait(timeout=60)

    @property
    def brokers(self):
        return f"localhost:{self.sasl}"

    def java(self, *arguments):
        command = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{CACHE}/kafka/libs/*", *arguments]
        with open(self.cluster.folder / "java.log", "a") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def certificates(self):
        certificate(self.folder, "brokers")
        (self.folder / "broker.pem").write_text((self.folder / "tls.key").read_text() + (self.folder / "tls.crt").read_text())

    def settings(self):
        controller = free_port()
        listeners = f"PLAINTEXT://127.0.0.1:{self.plain},SASL_SSL://localhost:{self.sasl}"
        lines = {
            "process.roles": "broker,controller", "node.id": "1", "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}", "advertised.listeners": listeners,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users": "User:ANONYMOUS",
            "ssl.keystore.type": "PEM", "ssl.keystore.location": self.folder / "broker.pem",
            "listener.name.sasl_ssl.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "log.dirs": self.folder / "data", "auto.create.topics.enable": "false", "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4", "group.initial.rebalance.delay.ms": "0",
        }
        (self.folder / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))

    def lag(self, *arguments, check=True):
        """Runs lag.py; whether it succeeded."""
        return self.client(LAG, *arguments, check=check) is not None

    def client(self, script, *arguments, check=True):
        """Runs a script at the plain listener; what it says, or None."""
        command = [CACHE / "venv-keda/bin/python", script, f"127.0.0.1:{self.plain}", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if check and done.returncode != 0:
            raise SystemExit(f"{script.name} {arguments}: {done.stderr[-2000:]}")
        return done.stdout if done.returncode == 0 else None


def certificate(folder, authority):
    """`ca.crt`, and `tls.crt` with `tls.key` for this machine."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={authority}", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", "tls.csr", "-days", "2", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-out", "tls.crt")
