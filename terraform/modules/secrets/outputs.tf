output "names" {
  description = "Names of the secrets: k8s/components/secrets-aws reads these."
  value       = sort(concat(keys(local.secrets), [for user in values(local.kafka) : "AmazonMSK_${user}"]))
}

output "properties" {
  description = "Secret → properties of its value."
  value = merge(
    {
      "vru/database"         = ["engine", "host", "port", "dbname", "username", "password", "ca"]
      "vru/database-replica" = ["host", "port", "dbname", "username"]
      "vru/redis"            = ["password"]
      "vru/keys"             = ["secrets-key"]
      "vru/alerting"         = ["pagerduty", "slack", "watchdog"]
    },
    { for user in values(local.kafka) : "AmazonMSK_${user}" => ["username", "password"] }
  )
}

output "arns" {
  description = "ARNs of the secrets, for whoever reads them."
  value       = concat([for secret in aws_secretsmanager_secret.this : secret.arn], [for secret in aws_secretsmanager_secret.kafka : secret.arn])
}

output "kafka_arns" {
  description = "Secrets of Kafka's users that have a value, for the cluster."
  value       = [for version in aws_secretsmanager_secret_version.kafka : version.arn]
}

output "database_arn" {
  description = "The secret vru/database, for rotation."
  value       = aws_secretsmanager_secret_version.database.arn
}

output "redis_id" {
  description = "The secret vru/redis, once it has a value."
  value       = aws_secretsmanager_secret_version.redis.secret_id
}
