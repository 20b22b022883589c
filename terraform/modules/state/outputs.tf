output "bucket" {
  description = "For `bucket` of the backend."
  value       = module.bucket.name
}

output "kms_key_arn" {
  description = "For `kms_key_id` of the backend."
  value       = module.keys.arns["state"]
}
