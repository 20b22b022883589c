module "security_groups" {
  source = "../.."

  name            = "vru-example"
  vpc_id          = "vpc-example"
  vpc_cidr        = "10.30.0.0/16"
  camera_networks = ["10.40.0.0/16"]
}

output "ids" {
  value = module.security_groups.ids
}
