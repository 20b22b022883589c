output "arn" {
  description = "ARN of the instance, for backups."
  value       = aws_db_instance.this.arn
}

output "identifiers" {
  description = "Identifiers of the instance and its replica, for alarms."
  value       = { primary = aws_db_instance.this.identifier, replica = aws_db_instance.replica.identifier }
}

output "host" {
  description = "`HOST` in k8s/components/managed-data."
  value       = aws_db_instance.this.address
}

output "replica_host" {
  description = "Host of the replica, in the secret vru/database-replica."
  value       = aws_db_instance.replica.address
}

output "admin_secret_arn" {
  description = "Secret with the administrator's password, which RDS changes by itself."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "subnet_group" {
  description = "Subnet group, in which restores are tried, too."
  value       = aws_db_subnet_group.this.name
}

output "safety" {
  description = "What reviews and tests of an environment look at."
  value = {
    multi_az            = aws_db_instance.this.multi_az
    replica             = aws_db_instance.replica.replicate_source_db
    encrypted           = alltrue([for each in [aws_db_instance.this, aws_db_instance.replica] : each.storage_encrypted == true])
    public              = anytrue([for each in [aws_db_instance.this, aws_db_instance.replica] : each.publicly_accessible == true])
    deletion_protection = aws_db_instance.this.deletion_protection
    backup_days         = aws_db_instance.this.backup_retention_period
    class               = aws_db_instance.this.instance_class
    replica_class       = aws_db_instance.replica.instance_class
  }
}
