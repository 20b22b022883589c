module "waf" {
  source = "../.."

  name             = "vru-example"
  logs_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/logs"
}

output "arn" {
  value = module.waf.arn
}
