module "bastion" {
  source = "../.."

  name              = "vru-example"
  subnet_id         = "subnet-example"
  security_group_id = "sg-example"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/example"
  kafka_cluster_arn = "arn:aws:kafka:eu-central-1:111122223333:cluster/vru-example/0a1b2c3d-0000-0000-0000-000000000000-1"
}

output "session_document" {
  value = module.bastion.session_document
}
