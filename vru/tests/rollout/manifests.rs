//! The rendered manifests of an overlay: what a cluster would be told about each workload and each load balancer.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vru_runtime::test_util::require_asset;

use crate::workload::{Container, DeploymentSpec, Workload};

/// What the AWS Load Balancer Controller and the load balancers do where an annotation says nothing.
const ALB_HEALTHY: u32 = 2;
const NLB_HEALTHY: u32 = 3;
const INTERVAL: Duration = Duration::from_secs(10);
const DELAY: Duration = Duration::from_mins(5);

/// The objects of an overlay, as kustomize renders them.
pub struct Manifests(Vec<Value>);

/// How a load balancer finds its targets and treats them.
#[derive(Debug, Clone)]
pub struct TargetRules {
    /// The workload whose pods are the targets.
    pub workload: String,
    pub port: u16,
    /// Pods are targets although they are not ready, and until they are gone.
    pub publish_not_ready: bool,
    pub check_port: u16,
    /// None: the check is whether the port takes connections.
    pub check_path: Option<String>,
    pub check_interval: Duration,
    /// Checks in a row that change the opinion about a target.
    pub threshold: u32,
    /// How long connections and requests of a target that goes may continue.
    pub deregistration_delay: Duration,
}

impl Manifests {
    pub fn render(overlay: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/overlays").join(overlay);
        let output = Command::new(require_asset("bin/kustomize")).arg("build").arg(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let documents = serde_yaml_ng::Deserializer::from_slice(&output.stdout);
        Self(documents.map(|document| Value::deserialize(document).unwrap()).collect())
    }

    fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|document| document["kind"] == kind && document["metadata"]["name"] == name)
    }

    fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name).unwrap_or_else(|| panic!("the overlay has no {kind} {name}"))
    }

    fn config_map(&self, name: &str) -> BTreeMap<String, String> {
        read(&self.get("ConfigMap", name)["data"])
    }

    pub fn workload(&self, name: &str) -> Workload {
        let deployment = self.get("Deployment", name);
        let spec: DeploymentSpec = read(&deployment["spec"]);
        let container = &spec.template.spec.containers[0];
        Workload { replicas: self.replicas(name), inputs: self.inputs(container, &spec), name: name.to_owned(), spec }
    }

    /// As the autoscaler begins.
    fn replicas(&self, name: &str) -> usize {
        let hpa = self.find("HorizontalPodAutoscaler", name).map(|hpa| &hpa["spec"]["minReplicas"]);
        let keda = || self.find("ScaledObject", name).map(|scaled| &scaled["spec"]["minReplicaCount"]);
        let least = hpa.or_else(keda).unwrap_or_else(|| panic!("nothing scales {name}"));
        usize::try_from(least.as_u64().expect("a number")).unwrap()
    }

    /// Variables, and the files of mounted ConfigMaps by their path.
    fn inputs(
        &self,
        container: &Container,
        spec: &DeploymentSpec,
    ) -> (BTreeMap<String, String>, Vec<(String, String)>) {
        let mut variables = BTreeMap::new();
        for source in &container.env_from {
            let map = self.config_map(&source.config_map_ref.name);
            variables.extend(map.into_iter().map(|(key, value)| (format!("{}{key}", source.prefix), value)));
        }
        variables.extend(container.env.iter().map(|variable| (variable.name.clone(), variable.value.clone())));
        let mut files = Vec::new();
        for mount in &container.volume_mounts {
            let volume = spec.template.spec.volumes.iter().find(|volume| volume.name == mount.name);
            if let Some(config_map) = volume.and_then(|volume| volume.config_map.as_ref()) {
                let data = self.config_map(&config_map.name);
                files.extend(data.into_iter().map(|(name, text)| (format!("{}/{name}", mount.mount_path), text)));
            }
        }
        (variables, files)
    }

    /// Whether pods wait until the load balancer reaches them.
    pub fn has_readiness_gates(&self) -> bool {
        let labels = &self.get("Namespace", "vru-detection")["metadata"]["labels"];
        labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
    }

    /// The target group of a Service behind the network load balancer.
    pub fn network_targets(&self, service: &str, port: &str, workload: &Workload) -> TargetRules {
        let service = self.get("Service", service);
        let prefix = "service.beta.kubernetes.io/aws-load-balancer-";
        let annotation = |name: &str| service["metadata"]["annotations"][format!("{prefix}{name}")].as_str();
        assert_eq!(annotation("healthcheck-protocol"), Some("TCP"));
        assert_eq!(annotation("healthcheck-port"), Some("traffic-port"));
        assert_eq!(service["spec"]["selector"]["app.kubernetes.io/name"], *workload.name);
        let port = workload.port(port);
        TargetRules {
            workload: workload.name.clone(),
            port,
            publish_not_ready: service["spec"]["publishNotReadyAddresses"] == true,
            check_port: port,
            check_path: None,
            check_interval: seconds(annotation("healthcheck-interval")).unwrap_or(INTERVAL),
            threshold: NLB_HEALTHY,
            deregistration_delay: delay(annotation("target-group-attributes")),
        }
    }

    /// The target group of the API, or of the web app, behind the application load balancer.
    pub fn application_targets(&self, ingress: &str, service: &str, workload: &Workload) -> TargetRules {
        let (ingress, service) = (self.get("Ingress", ingress), self.get("Service", service));
        let prefix = "alb.ingress.kubernetes.io/";
        let of = |object: &'_ Value, name: &str| {
            object["metadata"]["annotations"][format!("{prefix}{name}")].as_str().map(str::to_owned)
        };
        // Without an annotation it is the port of the traffic.
        let check_port = of(service, "healthcheck-port").map(|port| port.parse().unwrap());
        TargetRules {
            workload: workload.name.clone(),
            port: workload.port("http"),
            publish_not_ready: service["spec"]["publishNotReadyAddresses"] == true,
            check_port: check_port.unwrap_or_else(|| workload.port("http")),
            check_path: of(ingress, "healthcheck-path"),
            check_interval: seconds(of(ingress, "healthcheck-interval-seconds").as_deref()).unwrap_or(INTERVAL),
            threshold: ALB_HEALTHY,
            deregistration_delay: delay(of(ingress, "target-group-attributes").as_deref()),
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn seconds(text: Option<&str>) -> Option<Duration> {
    text.map(|text| Duration::from_secs(text.parse().unwrap()))
}

fn delay(attributes: Option<&str>) -> Duration {
    let mut attributes = attributes.unwrap_or_default().split(',');
    let delay = attributes.find_map(|attribute| attribute.strip_prefix("deregistration_delay.timeout_seconds="));
    seconds(delay).unwrap_or(DELAY)
}
