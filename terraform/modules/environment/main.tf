# Everything of one account. envs/ say how large.
data "aws_region" "current" {}

locals {
  region = data.aws_region.current.region
}

module "keys" {
  source = "../keys"

  name = var.name
  keys = {
    data    = { description = "Database, brokers, cache, files" }
    bucket  = { description = "Pictures, videos, detections" }
    secrets = { description = "Secrets Manager" }
    cluster = { description = "Secrets of Kubernetes" }
    images  = { description = "Container images" }
    backup  = { description = "Backups" }
    logs    = { description = "Logs", services = ["logs.${local.region}.amazonaws.com"] }
    alarms  = { description = "Alarms", services = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"] }
  }
}

module "network" {
  source = "../network"

  name         = var.name
  cidr         = var.network.cidr
  zones        = var.network.zones
  nat_per_zone = var.network.nat_per_zone
  kms_key_arn  = module.keys.arns["logs"]
}

module "security_groups" {
  source = "../security-groups"

  name            = var.name
  vpc_id          = module.network.vpc_id
  vpc_cidr        = module.network.cidr
  camera_networks = var.network.camera_networks
}

module "bastion" {
  source = "../bastion"

  name              = var.name
  subnet_id         = module.network.app_subnet_ids[0]
  security_group_id = module.security_groups.ids["bastion"]
  kms_key_arn       = module.keys.arns["logs"]
  kafka_cluster_arn = module.kafka.arn
}

module "cluster" {
  source = "../cluster"

  name                            = var.name
  kubernetes_version              = var.cluster.version
  subnet_ids                      = module.network.app_subnet_ids
  control_plane_security_group_id = module.security_groups.ids["control-plane"]
  node_security_group_id          = module.security_groups.ids["nodes"]
  kms_key_arn                     = module.keys.arns["cluster"]
  logs_kms_key_arn                = module.keys.arns["logs"]
  administrators                  = var.cluster.administrators
  general_nodes                   = var.cluster.general_nodes
}

module "karpenter" {
  source = "../karpenter"

  cluster_name  = module.cluster.name
  cluster_arn   = module.cluster.arn
  node_role_arn = module.cluster.node_role_arn
}

module "registry" {
  source = "../registry"

  kms_key_arn = module.keys.arns["images"]
}

module "dns" {
  source = "../dns"

  domain = var.domain
}

module "waf" {
  source = "../waf"

  name             = var.name
  logs_kms_key_arn = module.keys.arns["logs"]
}

module "pod_logs" {
  source = "../pod-logs"

  kms_key_arn = module.keys.arns["logs"]
}

module "identities" {
  source = "../identities"

  cluster_name        = module.cluster.name
  bucket_arn          = module.bucket.arn
  bucket_kms_key_arn  = module.keys.arns["bucket"]
  secret_arns         = module.secrets.arns
  secrets_kms_key_arn = module.keys.arns["secrets"]
  zone_arn            = module.dns.zone_arn
  vpc_id              = module.network.vpc_id
  log_group_arn       = module.pod_logs.arn
}
