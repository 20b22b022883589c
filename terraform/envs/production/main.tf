# A start for some hundred cameras; docs/scale.md says what more need.
module "environment" {
  source = "../../modules/environment"

  domain = "vru-detection.com"
  bucket = "vru-production"

  network = {
    cidr  = "10.20.0.0/16"
    zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  }

  cluster = {
    administrators = var.administrators
    general_nodes  = { instance_types = ["m7i.2xlarge"], min = 3, max = 24 }
  }

  kafka = {
    brokers = { count = 3, type = "kafka.m7g.2xlarge", disk_gib = 2000, disk_max_gib = 8000, disk_throughput = 250 }
  }

  database = {
    class         = "db.r7g.2xlarge"
    replica_class = "db.r7g.xlarge"
    storage_gib   = { start = 1000, max = 8000 }
    backup_days   = 35
  }

  database_ca = file(var.database_ca_file)

  cache = {
    node_type = "cache.r7g.large"
    shards    = 3
    replicas  = 1
  }

  alarms = {
    emails = var.emails
    budget = 25000
  }

  backup_copy_vault_arn = var.backup_copy_vault_arn
}
