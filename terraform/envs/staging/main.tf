# As production, and smaller: what fails over there, fails over here. One NAT gateway, no GPU.
module "environment" {
  source = "../../modules/environment"

  domain = "staging.vru-detection.com"
  bucket = "vru-staging"

  network = {
    cidr         = "10.20.0.0/16"
    zones        = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    nat_per_zone = false
  }

  cluster = {
    administrators = var.administrators
    general_nodes  = { instance_types = ["m7i.xlarge"], min = 3, max = 8 }
  }

  kafka = {
    brokers = { count = 3, type = "kafka.m7g.large", disk_gib = 200, disk_max_gib = 1000 }
  }

  database = {
    class       = "db.r7g.large"
    storage_gib = { start = 100, max = 500 }
    backup_days = 7
  }

  database_ca = file(var.database_ca_file)

  cache = {
    node_type = "cache.t4g.medium"
    shards    = 2
    replicas  = 1
  }

  alarms = {
    emails = var.emails
    budget = 4000
  }

  backup_copy_vault_arn = var.backup_copy_vault_arn
}
