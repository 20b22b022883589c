module "karpenter" {
  source = "../.."

  cluster_name  = "vru-example"
  cluster_arn   = "arn:aws:eks:eu-central-1:111122223333:cluster/vru-example"
  node_role_arn = "arn:aws:iam::111122223333:role/vru-node"
}

output "queue_name" {
  value = module.karpenter.queue_name
}
