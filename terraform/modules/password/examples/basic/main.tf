module "password" {
  source = "../.."
}

module "key" {
  source = "../.."

  hexadecimal = true
}

resource "aws_secretsmanager_secret" "example" {
  name       = "example"
  kms_key_id = "alias/example"
}

resource "aws_secretsmanager_secret_version" "example" {
  secret_id                = aws_secretsmanager_secret.example.id
  secret_string_wo         = jsonencode({ password = module.password.value, key = module.key.value })
  secret_string_wo_version = 1
}
