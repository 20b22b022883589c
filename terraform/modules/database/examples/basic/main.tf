module "database" {
  source = "../.."

  name              = "vru-example"
  instance_class    = "db.r7g.large"
  storage_gib       = { start = 100, max = 500 }
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-database"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
}

output "identifiers" {
  value = module.database.identifiers
}
