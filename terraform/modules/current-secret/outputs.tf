output "value" {
  description = "The property's value."
  value       = jsondecode(ephemeral.aws_secretsmanager_secret_version.this.secret_string)[var.property]
  ephemeral   = true
  sensitive   = true
}
