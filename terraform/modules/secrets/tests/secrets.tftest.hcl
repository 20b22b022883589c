mock_provider "aws" {}

variables {
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  database    = { host = "vru.test", replica_host = "vru-replica.test", name = "vru", user = "vru" }
  database_ca = "-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.names == tolist(["AmazonMSK_vru-kafka-infer", "AmazonMSK_vru-kafka-ingest", "vru/alerting", "vru/database", "vru/database-replica", "vru/keys", "vru/redis"])
    error_message = "the secrets are ${join(" ", output.names)}"
  }
}

run "what_must_hold" {
  # Secrets are encrypted and can be restored.
  assert {
    condition     = alltrue([for secret in concat(values(aws_secretsmanager_secret.this), values(aws_secretsmanager_secret.kafka)) : secret.kms_key_id == var.kms_key_arn && secret.recovery_window_in_days == 30])
    error_message = "a secret is not encrypted with the key, or is deleted at once"
  }

  assert {
    condition     = alltrue([for policy in aws_secretsmanager_secret_policy.kafka : policy.block_public_policy])
    error_message = "a secret may become public"
  }

  # No password is in the state.
  assert {
    condition = alltrue([
      for version in concat(values(aws_secretsmanager_secret_version.kafka), [aws_secretsmanager_secret_version.database, aws_secretsmanager_secret_version.redis, aws_secretsmanager_secret_version.keys]) :
      version.secret_string == null && version.secret_string_wo == null && version.secret_string_wo_version == 1
    ])
    error_message = "Terraform keeps a password"
  }

  assert {
    condition     = !can(jsondecode(aws_secretsmanager_secret_version.replica.secret_string).password)
    error_message = "Terraform keeps the password of the replica"
  }
}

run "a_ca_that_is_none" {
  command = plan

  variables {
    database_ca = "https://truststore.pki.rds.amazonaws.com"
  }

  expect_failures = [var.database_ca]
}
