module "registry" {
  source = "../.."

  images      = ["api", "web"]
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/registry"
}

output "urls" {
  value = module.registry.urls
}
