output "vault_arn" {
  description = "The vault."
  value       = aws_backup_vault.this.arn
}
