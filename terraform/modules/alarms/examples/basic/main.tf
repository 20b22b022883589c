module "alarms" {
  source = "../.."

  name         = "vru-example"
  kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/alarms"
  emails       = ["oncall@example.com"]
  budget       = 5000
  database     = { primary = "vru-example", replica = "vru-example-replica", max_connections = 1000, low_storage_gib = 50 }
  kafka        = { name = "vru-example", brokers = 3 }
  cache_nodes  = ["vru-example-0001-001"]
  nat_gateways = { eu-central-1a = "nat-example" }
  nat_zones    = ["eu-central-1a"]
}

output "names" {
  value = module.alarms.names
}
