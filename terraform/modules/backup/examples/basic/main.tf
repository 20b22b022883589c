module "backup" {
  source = "../.."

  name                      = "vru-example"
  kms_key_arn               = "arn:aws:kms:eu-central-1:111122223333:key/backup"
  resources                 = { database = "arn:aws:rds:eu-central-1:111122223333:db:vru-example", bucket = "arn:aws:s3:::vru-example" }
  restore_subnet_group      = "vru-example"
  restore_security_group_id = "sg-restore"
  topic_arn                 = "arn:aws:sns:eu-central-1:111122223333:vru-example"
}

output "vault_arn" {
  value = module.backup.vault_arn
}
