module "bucket" {
  source = "../.."

  name        = "vru-example"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/example"
  log_bucket  = "vru-example-logs"
  lifecycle_rules = [
    { name = "exports", prefix = "exports/", days = 7, noncurrent_days = 7 },
    { name = "detections", prefix = "detections/", cold_days = 30 },
  ]
}

output "name" {
  value = module.bucket.name
}
