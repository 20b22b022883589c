# What is in Secrets Manager now, for a write-only argument: after a run that failed half-way, a password that was made anew would be another.
ephemeral "aws_secretsmanager_secret_version" "this" {
  secret_id = var.secret_id
}
