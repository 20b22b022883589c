output "name" {
  description = "`BUCKET` of the overlay's `vru-bucket`, and the host in its pictures.conf."
  value       = module.data.name
}

output "arn" {
  description = "ARN of the bucket, for roles and backups."
  value       = module.data.arn
}

output "logs_name" {
  description = "Bucket of access logs."
  value       = module.logs.name
}
