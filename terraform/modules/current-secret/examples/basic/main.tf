module "password" {
  source = "../.."

  secret_id = "vru/redis"
  property  = "password"
}

resource "aws_secretsmanager_secret" "copy" {
  name       = "example/copy"
  kms_key_id = "alias/example"
}

resource "aws_secretsmanager_secret_version" "copy" {
  secret_id                = aws_secretsmanager_secret.copy.id
  secret_string_wo         = module.password.value
  secret_string_wo_version = 1
}
