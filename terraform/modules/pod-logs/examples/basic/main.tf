module "pod_logs" {
  source = "../.."

  days        = 30
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/logs"
}

output "names" {
  value = module.pod_logs.names
}
