module "bucket" {
  source = "../.."

  name        = "vru-example"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/bucket"
  origins     = ["https://vru.example"]
}

output "logs_name" {
  value = module.bucket.logs_name
}
