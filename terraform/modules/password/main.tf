# Another one at each run, and kept by nothing but the write-only argument that takes it.
ephemeral "aws_secretsmanager_random_password" "this" {
  password_length            = var.hexadecimal ? 64 : 40
  exclude_punctuation        = true
  exclude_uppercase          = var.hexadecimal
  exclude_characters         = var.hexadecimal ? "ghijklmnopqrstuvwxyz" : ""
  require_each_included_type = true
}
