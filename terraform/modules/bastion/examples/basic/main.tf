module "bastion" {
  source = "../.."

  name              = "vru-example"
  subnet_id         = "subnet-example"
  security_group_id = "sg-example"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/example"
}

output "session_document" {
  value = module.bastion.session_document
}
