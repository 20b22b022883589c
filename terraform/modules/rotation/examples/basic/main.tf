module "rotation" {
  source = "../.."

  name              = "vru-example"
  secret_arn        = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:vru/database-abcdef"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-rotation"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  topic_arn         = "arn:aws:sns:eu-central-1:111122223333:vru-example"
}

output "days" {
  value = module.rotation.days
}
