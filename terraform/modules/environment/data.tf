# Servers of data, their secrets, backups and alarms.
module "bucket" {
  source = "../bucket"

  name        = var.bucket
  kms_key_arn = module.keys.arns["bucket"]
  origins     = ["https://${module.dns.hosts.web}"]
}

module "files" {
  source = "../files"

  name              = var.name
  subnet_ids        = module.network.data_subnet_ids
  security_group_id = module.security_groups.ids["files"]
  kms_key_arn       = module.keys.arns["data"]
}

module "database" {
  source = "../database"

  name              = var.name
  engine_version    = var.database.version
  instance_class    = var.database.class
  replica_class     = var.database.replica_class
  storage_gib       = var.database.storage_gib
  multi_az          = var.database.multi_az
  backup_days       = var.database.backup_days
  max_connections   = var.database.max_connections
  subnet_ids        = module.network.data_subnet_ids
  security_group_id = module.security_groups.ids["database"]
  kms_key_arn       = module.keys.arns["data"]
}

module "secrets" {
  source = "../secrets"

  kms_key_arn = module.keys.arns["secrets"]
  database_ca = var.database_ca
  database = {
    host         = module.database.host
    replica_host = module.database.replica_host
    name         = "vru"
    user         = "vru"
  }
}

module "rotation" {
  source = "../rotation"

  name              = var.name
  secret_arn        = module.secrets.database_arn
  subnet_ids        = module.network.app_subnet_ids
  security_group_id = module.security_groups.ids["rotation"]
  kms_key_arn       = module.keys.arns["secrets"]
  topic_arn         = module.alarms.topic_arn
}

module "kafka" {
  source = "../kafka"

  name              = var.name
  kafka_version     = var.kafka.version
  brokers           = var.kafka.brokers
  subnet_ids        = module.network.data_subnet_ids
  security_group_id = module.security_groups.ids["kafka"]
  kms_key_arn       = module.keys.arns["data"]
  logs_kms_key_arn  = module.keys.arns["logs"]
  secret_arns       = module.secrets.kafka_arns
}

module "redis_password" {
  source = "../current-secret"

  secret_id = module.secrets.redis_id
  property  = "password"
}

module "cache" {
  source = "../cache"

  name              = var.name
  node_type         = var.cache.node_type
  shards            = var.cache.shards
  replicas          = var.cache.replicas
  subnet_ids        = module.network.data_subnet_ids
  security_group_id = module.security_groups.ids["cache"]
  kms_key_arn       = module.keys.arns["data"]
  logs_kms_key_arn  = module.keys.arns["logs"]
  auth_token        = module.redis_password.value
}

module "alarms" {
  source = "../alarms"

  name         = var.name
  kms_key_arn  = module.keys.arns["alarms"]
  emails       = var.alarms.emails
  budget       = var.alarms.budget
  kafka        = { name = module.kafka.name, brokers = var.kafka.brokers.count }
  cache_nodes  = flatten(module.cache.node_ids)
  nat_gateways = module.network.nat_gateway_ids
  nat_zones    = var.network.nat_per_zone ? toset(var.network.zones) : toset([var.network.zones[0]])

  database = {
    primary         = module.database.identifiers.primary
    replica         = module.database.identifiers.replica
    max_connections = var.database.max_connections
    low_storage_gib = max(10, floor(var.database.storage_gib.start / 10))
  }
}

module "backup" {
  source = "../backup"

  name                      = var.name
  kms_key_arn               = module.keys.arns["backup"]
  resources                 = { database = module.database.arn, bucket = module.bucket.arn, files = module.files.arn }
  copy_vault_arn            = var.backup_copy_vault_arn
  restore_subnet_group      = module.database.subnet_group
  restore_security_group_id = module.security_groups.ids["restore"]
  topic_arn                 = module.alarms.topic_arn
}
