output "days" {
  description = "Days between two changes."
  value       = one(aws_secretsmanager_secret_rotation.this.rotation_rules).automatically_after_days
}
