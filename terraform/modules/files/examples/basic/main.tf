module "files" {
  source = "../.."

  name              = "vru-example"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-files"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
}

output "id" {
  value = module.files.id
}
