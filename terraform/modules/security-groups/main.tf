# Who may connect to whom. The manifests' network policies say the same of pods; these say it of machines.
locals {
  groups = {
    control-plane = "Interfaces of the EKS control plane"
    nodes         = "Nodes and their pods"
    kafka         = "Brokers of MSK"
    database      = "RDS and its replica"
    cache         = "ElastiCache"
    files         = "Mount targets of EFS"
    bastion       = "Bastion, reached by SSM only"
    rotation      = "Function that changes passwords of the database"
    restore       = "Databases with which restores are tried: nobody reaches them"
  }

  ports = {
    kafka         = 9096
    kafka-iam     = 9098
    database      = 5432
    cache         = 6379
    files         = 2049
    control-plane = 443
  }

  # kubelet, metrics-server, and webhooks of the controllers: 443 and 8443 (any), 9443 (load balancers, KEDA), 10250 (cert-manager, External Secrets).
  webhooks = [443, 4443, 6443, 8443, 9443, 10250]

  flows = concat([
    { from = "nodes", to = "control-plane", port = local.ports.control-plane, what = "API server" },
    { from = "nodes", to = "kafka", port = local.ports.kafka, what = "Kafka with TLS and SCRAM" },
    { from = "nodes", to = "database", port = local.ports.database, what = "PostgreSQL" },
    { from = "nodes", to = "cache", port = local.ports.cache, what = "Valkey" },
    { from = "nodes", to = "files", port = local.ports.files, what = "NFS" },
    { from = "bastion", to = "control-plane", port = local.ports.control-plane, what = "API server" },
    { from = "bastion", to = "kafka", port = local.ports.kafka-iam, what = "Kafka with IAM, for topics and permissions" },
    { from = "bastion", to = "database", port = local.ports.database, what = "PostgreSQL" },
    { from = "rotation", to = "database", port = local.ports.database, what = "PostgreSQL" },
    ], [
    for port in local.webhooks : { from = "control-plane", to = "nodes", port = port, what = "kubelet and webhooks" }
  ])

  by_name = { for flow in local.flows : "${flow.from}-${flow.to}-${flow.port}" => flow }

  # Webhooks, identity providers, S3 and registries; brokers of MQTT.
  internet_ports = [443, 8883]
  camera_ports   = [322, 554, 8322, 8554]
  cameras        = { for pair in setproduct(var.camera_networks, local.camera_ports) : "${pair[0]}-${pair[1]}" => { network = pair[0], port = pair[1] } }
}

resource "aws_security_group" "this" {
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.vpc_id

  tags = merge({ Name = "${var.name}-${each.key}" }, each.key == "nodes" ? {
    # Karpenter gives it to its nodes; the load balancer controller writes its own rules into it.
    "karpenter.sh/discovery"            = var.name
    "kubernetes.io/cluster/${var.name}" = "owned"
  } : {})
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.by_name

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = "${each.value.what} from ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.by_name

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = "${each.value.what} to ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# Pods of different nodes: network policies decide there.
resource "aws_vpc_security_group_ingress_rule" "between_nodes" {
  security_group_id            = aws_security_group.this["nodes"].id
  referenced_security_group_id = aws_security_group.this["nodes"].id
  description                  = "Pods of other nodes"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "between_nodes" {
  security_group_id            = aws_security_group.this["nodes"].id
  referenced_security_group_id = aws_security_group.this["nodes"].id
  description                  = "Pods of other nodes"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each = toset([for port in local.internet_ports : tostring(port)])

  security_group_id = aws_security_group.this["nodes"].id
  description       = "Webhooks, MQTT, identity providers and services of AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_vpc_security_group_egress_rule" "tools" {
  security_group_id = aws_security_group.this["bastion"].id
  description       = "Clients of PostgreSQL and Kafka, from the repositories of Amazon Linux and from PyPI"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "cameras" {
  for_each = local.cameras

  security_group_id = aws_security_group.this["nodes"].id
  description       = "Cameras that are pulled"
  cidr_ipv4         = each.value.network
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  for_each = toset(["bastion", "rotation"])

  security_group_id = aws_security_group.this[each.value].id
  description       = "Endpoints of AWS services"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
