module "network" {
  source = "../.."

  name        = "vru-example"
  cidr        = "10.30.0.0/16"
  zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/example"
}

output "load_balancers_cidr" {
  value = module.network.load_balancers_cidr
}
