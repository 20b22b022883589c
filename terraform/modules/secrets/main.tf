locals {
  secrets = {
    "vru/database"         = "Login of the services' database user; its CA"
    "vru/database-replica" = "Where the read replica is"
    "vru/redis"            = "Password of Valkey"
    "vru/alerting"         = "Keys of who is told of alerts; people write them: docs/deploy.md"
    "vru/keys"             = "Key that encrypts logins of cameras. Whoever loses it loses them"
  }

  kafka = { for user in var.kafka_users : user => "vru-kafka-${user}" }
}

module "password" {
  source   = "../password"
  for_each = setunion(["database", "redis"], [for user in var.kafka_users : "kafka-${user}"])
}

module "cameras_key" {
  source = "../password"

  hexadecimal = true
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name                    = each.key
  description             = each.value
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret.this["vru/database"].id
  # The form that the function of AWS for rotation expects; it keeps what it does not know.
  secret_string_wo = jsonencode({
    engine   = "postgres"
    host     = var.database.host
    port     = 5432
    dbname   = var.database.name
    username = var.database.user
    password = module.password["database"].value
    ca       = var.database_ca
  })
  secret_string_wo_version = var.database_values_version
}

resource "aws_secretsmanager_secret_version" "replica" {
  secret_id     = aws_secretsmanager_secret.this["vru/database-replica"].id
  secret_string = jsonencode({ host = var.database.replica_host, port = 5432, dbname = var.database.name, username = var.database.user })
}

resource "aws_secretsmanager_secret_version" "redis" {
  secret_id                = aws_secretsmanager_secret.this["vru/redis"].id
  secret_string_wo         = jsonencode({ password = module.password["redis"].value })
  secret_string_wo_version = 1
}

resource "aws_secretsmanager_secret_version" "keys" {
  secret_id                = aws_secretsmanager_secret.this["vru/keys"].id
  secret_string_wo         = jsonencode({ "secrets-key" = module.cameras_key.value })
  secret_string_wo_version = 1
}

resource "aws_secretsmanager_secret" "kafka" {
  for_each = local.kafka

  # MSK refuses names without this prefix.
  name                    = "AmazonMSK_${each.value}"
  description             = "Kafka user ${each.value}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "kafka" {
  for_each = local.kafka

  secret_id                = aws_secretsmanager_secret.kafka[each.key].id
  secret_string_wo         = jsonencode({ username = each.value, password = module.password["kafka-${each.key}"].value })
  secret_string_wo_version = 1
}

resource "aws_secretsmanager_secret_policy" "kafka" {
  for_each = local.kafka

  secret_arn          = aws_secretsmanager_secret.kafka[each.key].arn
  block_public_policy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "MSK"
      Effect    = "Allow"
      Principal = { Service = "kafka.amazonaws.com" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}
