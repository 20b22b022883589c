output "bucket" {
  description = "The bucket that envs/ENVIRONMENT/backend.tf names."
  value       = module.state.bucket
}

output "kms_key_arn" {
  description = "For `terraform init -backend-config=\"kms_key_id=…\"`."
  value       = module.state.kms_key_arn
}
