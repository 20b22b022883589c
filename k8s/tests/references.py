"""What objects say of each other: selectors, ports, claims, accounts, targets."""

from world import World

AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def selects(selector, labels):
    """Whether a label selector selects these labels."""
    if not all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", []):
        there, value = rule["key"] in labels, labels.get(rule["key"])
        holds = {"In": value in rule.get("values", []), "NotIn": value not in rule.get("values", []), "Exists": there, "DoesNotExist": not there}
        if not holds[rule["operator"]]:
            return False
    return True


def problems(world: World):
    pods = [(name, document, pod["metadata"]["labels"], pod["spec"]) for name, document, pod in world.workloads()]
    return services(world, pods) + routes(world) + policies(world, pods) + budgets(world, pods) + autoscalers(world) + parts(world, pods)


def ports_of(spec):
    return {port["name"]: port["containerPort"] for container in spec["containers"] for port in container.get("ports", [])}


def services(world, pods):
    found = []
    for service in world.of("Service"):
        name = service["metadata"]["name"]
        chosen = [spec for _, _, labels, spec in pods if selects({"matchLabels": service["spec"]["selector"]}, labels)]
        if not chosen:
            found.append(f"Service/{name}: selects no pod")
        for port in service["spec"]["ports"]:
            for spec in chosen:
                if port["targetPort"] not in [*ports_of(spec).keys(), *ports_of(spec).values()]:
                    found.append(f"Service/{name}: its pods have no port {port['targetPort']}")
            if service["spec"].get("type") == "LoadBalancer" and port["targetPort"] == "admin":
                found.append(f"Service/{name}: a load balancer leads to an admin port, which has no log-in")
    return found


def backends(world):
    for ingress in world.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield f"Ingress/{ingress['metadata']['name']}", service["name"], service["port"].get("name") or service["port"]["number"]
    for route in world.of("HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                yield f"HTTPRoute/{route['metadata']['name']}", backend["name"], backend["port"]


def routes(world):
    found = []
    for name, service_name, port in backends(world):
        service = world.find("Service", service_name)
        ports = [each[key] for each in service["spec"]["ports"] for key in ("name", "port")] if service else []
        if port not in ports:
            found.append(f"{name}: leads to {service_name}:{port}, which no Service has")
        elif any(each["targetPort"] == "admin" for each in service["spec"]["ports"] if port in (each["name"], each["port"])):
            found.append(f"{name}: leads to an admin port, which has no log-in")
    return found


def policies(world, pods):
    found = []
    denied = {policy["metadata"]["namespace"] for policy in world.of("NetworkPolicy")
              if policy["spec"]["podSelector"] == {} and "ingress" not in policy["spec"] and "egress" not in policy["spec"]
              and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}}
    for namespace in world.of("Namespace"):
        if namespace["metadata"]["name"] not in denied:
            found.append(f"Namespace/{namespace['metadata']['name']}: no policy denies what no other allows")
    made_by_operators = ("cnpg.io/cluster", "strimzi.io/cluster", "app.kubernetes.io/name")
    for policy in world.of("NetworkPolicy"):
        name, spec = policy["metadata"]["name"], policy["spec"]
        chosen = [pod for _, _, labels, pod in pods if selects(spec["podSelector"], labels)]
        named = spec["podSelector"].get("matchLabels", {})
        operators = any(key in named for key in made_by_operators[:2]) or named.get(made_by_operators[2]) in ("prometheus", "alertmanager")
        if not chosen and not operators:
            found.append(f"NetworkPolicy/{name}: selects no pod")
        for rule in spec.get("ingress", []):
            for port in rule.get("ports", []):
                for pod in chosen:
                    if isinstance(port["port"], str) and port["port"] not in ports_of(pod) and name != "scrape":
                        found.append(f"NetworkPolicy/{name}: its pods have no port {port['port']}")
    reached = {"kafka": "BROKERS", "database": "HOST", "redis": "URL", "bucket": "BUCKET"}
    for name, document, labels, spec in pods:
        used = {source["configMapRef"]["name"].removeprefix("vru-") for container in spec["containers"] for source in container.get("envFrom", [])}
        for server in reached:
            uses = any(each == server or each.startswith(server + "-") for each in used)
            if uses != (labels.get(f"needs-{server}") == "true"):
                found.append(f"{name}: {'uses' if uses else 'does not use'} the {server}, and its label needs-{server} says otherwise")
        for label in (label for label in labels if label.startswith("needs-")):
            open_ = [policy for policy in world.of("NetworkPolicy") if "egress" in policy["spec"]
                     and (label in policy["spec"]["podSelector"].get("matchLabels", {})
                          or any(rule["key"] == label for rule in policy["spec"]["podSelector"].get("matchExpressions", [])))]
            if not open_:
                found.append(f"{name}: has the label {label}, and no policy lets it out")
    return found


def budgets(world, pods):
    found = []
    for name, document, labels, _ in pods:
        # A drain leaves DaemonSets alone.
        if document["kind"] in ("Job", "DaemonSet"):
            continue
        mine = [budget for budget in world.of("PodDisruptionBudget") if selects(budget["spec"]["selector"], labels)]
        if len(mine) != 1:
            found.append(f"{name}: has {len(mine)} PodDisruptionBudgets, not one")
        for budget in mine:
            if budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                found.append(f"{name}: its PodDisruptionBudget lets an outage stop the drain of a node: unhealthyPodEvictionPolicy is not AlwaysAllow")
    return found


def autoscalers(world):
    found = []
    targets = {}
    for scaler in world.of(*AUTOSCALERS):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        targets.setdefault(target, []).append(scaler)
        if not world.find("Deployment", target):
            found.append(f"{scaler['kind']}/{scaler['metadata']['name']}: scales {target}, which does not exist")
    for deployment in world.of("Deployment"):
        name = deployment["metadata"]["name"]
        if len(targets.get(name, [])) != 1:
            found.append(f"Deployment/{name}: has {len(targets.get(name, []))} autoscalers, not one")
        if "replicas" in deployment["spec"]:
            found.append(f"Deployment/{name}: has replicas beside its autoscaler, which each roll-out would reset")
    return found


def parts(world, pods):
    found = []
    for name, document, _, spec in pods:
        if not world.find("ServiceAccount", spec.get("serviceAccountName", ""), document["metadata"]["namespace"]):
            found.append(f"{name}: the ServiceAccount {spec.get('serviceAccountName')} does not exist")
        if not world.find("PriorityClass", spec.get("priorityClassName", "")):
            found.append(f"{name}: the PriorityClass {spec.get('priorityClassName')} does not exist")
        ports = ports_of(spec)
        for container in spec["containers"]:
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(kind)
                if document["kind"] != "Job" and probe is None:
                    found.append(f"{name}: has no {kind}")
                for way in ("httpGet", "tcpSocket"):
                    if probe and way in probe and probe[way]["port"] not in [*ports.keys(), *ports.values()]:
                        found.append(f"{name}: its {kind} asks the port {probe[way]['port']}, which it does not have")
        gpu = any("nvidia.com/gpu" in container["resources"].get("limits", {}) for container in spec["containers"])
        tolerates = any(toleration.get("key") == "nvidia.com/gpu" for toleration in spec.get("tolerations", []))
        if gpu != tolerates:
            found.append(f"{name}: {'asks for a GPU and does not tolerate the taint of its nodes' if gpu else 'tolerates GPU nodes and asks for no GPU'}")
    return found
