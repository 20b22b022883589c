module "environment" {
  source = "../.."

  domain      = "vru.example.com"
  bucket      = "vru-example"
  network     = { zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"], nat_per_zone = false }
  cluster     = { administrators = { platform = "arn:aws:iam::111122223333:role/platform" }, general_nodes = { instance_types = ["m7i.xlarge"], min = 3, max = 6 } }
  kafka       = { brokers = { count = 3, type = "kafka.m7g.large", disk_gib = 500, disk_max_gib = 1000 } }
  database    = { class = "db.r7g.large", storage_gib = { start = 100, max = 500 } }
  database_ca = "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----"
  cache       = { node_type = "cache.t4g.medium" }
  alarms      = { emails = ["oncall@example.com"], budget = 5000 }
}

output "overlay" {
  value = module.environment.overlay
}
