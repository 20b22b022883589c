module "cluster" {
  source = "../.."

  name                            = "vru-example"
  subnet_ids                      = ["subnet-a", "subnet-b", "subnet-c"]
  control_plane_security_group_id = "sg-control-plane"
  node_security_group_id          = "sg-nodes"
  kms_key_arn                     = "arn:aws:kms:eu-central-1:111122223333:key/cluster"
  logs_kms_key_arn                = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  administrators                  = { platform = "arn:aws:iam::111122223333:role/platform" }
  general_nodes                   = { instance_types = ["m7i.xlarge"], min = 3, max = 6 }
}

output "name" {
  value = module.cluster.name
}
