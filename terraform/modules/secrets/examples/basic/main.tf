module "secrets" {
  source = "../.."

  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  kafka_users = ["ingest", "infer"]
  database    = { host = "vru.example", replica_host = "vru-replica.example", name = "vru", user = "vru" }
  database_ca = "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----"
}

output "names" {
  value = module.secrets.names
}
