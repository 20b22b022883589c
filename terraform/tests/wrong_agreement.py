"""Manifests and accounts that do not fit: what it is, what is done, and the words with which it is found."""


def port(world, name, number):
    world.find("NetworkPolicy", name)["spec"]["egress"][0]["ports"][0]["port"] = number


def network(world, name, cidr):
    world.find("NetworkPolicy", name)["spec"]["ingress"][0]["from"][0]["ipBlock"]["cidr"] = cidr


def bucket(world, name):
    next(each for each in world.of("ConfigMap") if each["metadata"]["name"].startswith("vru-bucket"))["data"]["BUCKET"] = name


def node_class(world):
    return world.of("EC2NodeClass")[0]["spec"]


AGREEMENT = [
    ("another port of Kafka", lambda a, w: port(w, "to-kafka", 9094), "port of NetworkPolicy/to-kafka"),
    ("another port in the account", lambda a, w: a["contract"]["ports"].update(database=5433), "port of NetworkPolicy/to-database"),
    ("another network of load balancers", lambda a, w: network(w, "from-load-balancer-api", "10.20.64.0/18"), "network of NetworkPolicy/from-load-balancer-api"),
    ("another network of the VPC", lambda a, w: a["overlay"].update(vpc_cidr="10.30.0.0/16"), "network of NetworkPolicy/to-redis"),
    ("networks of cameras that nodes do not reach", lambda a, w: a["overlay"].update(camera_networks=["10.0.0.0/8"]), "networks of NetworkPolicy/to-cameras"),
    ("a port to the internet that nodes do not have", lambda a, w: a["contract"].update(internet_ports=[443]), "ports of NetworkPolicy/to-internet"),
    ("another bucket", lambda a, w: bucket(w, "vru-staging"), "BUCKET: the manifests say vru-staging"),
    ("another zone", lambda a, w: a["overlay"].update(rack_names=a["overlay"]["rack_names"].replace("1c", "1d")), "zones of RACK_NAMES"),
    ("another role of nodes", lambda a, w: node_class(w).update(role="vru-nodes"), "role of the EC2NodeClass"),
    ("another tag of subnets", lambda a, w: node_class(w)["subnetSelectorTerms"][0].update(tags={"karpenter.sh/discovery": "vru-production"}), "subnetSelectorTerms"),
    ("a secret that the account does not have", lambda a, w: w.find("ExternalSecret", "vru-redis")["spec"]["data"][0]["remoteRef"].update(key="vru/cache"), "the account has no vru/cache"),
    ("a property that a secret does not have", lambda a, w: w.find("ExternalSecret", "vru-keys")["spec"]["data"][0]["remoteRef"].update(property="key"), "the account has no vru/keys with key"),
    ("a secret that nobody reads", lambda a, w: w.documents.remove(w.find("ExternalSecret", "vru-kafka-infer")), "nobody reads AmazonMSK_vru-kafka-infer"),
    ("a service without a role for the bucket", lambda a, w: a["contract"]["service_accounts"]["vru-detection"].remove("ingest"), "ServiceAccounts that use the bucket"),
    ("an image without a repository", lambda a, w: a["overlay"]["images"].pop("sink"), "no repository for sink"),
    ("another host", lambda a, w: a["overlay"]["hosts"].update(web="vru.example.com"), "hosts of the Ingress"),
    ("a door without a certificate", lambda a, w: a["overlay"]["hosts"].update(alerts="grpc.vru-detection.com"), "none is for grpc.vru-detection.com"),
]
