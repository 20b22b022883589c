mock_provider "aws" {}

variables {
  name                      = "vru"
  kms_key_arn               = "arn:aws:kms:eu-central-1:111122223333:key/backup"
  resources                 = { database = "arn:aws:rds:eu-central-1:111122223333:db:vru", bucket = "arn:aws:s3:::vru", files = "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-1" }
  restore_subnet_group      = "vru"
  restore_security_group_id = "sg-restore"
  topic_arn                 = "arn:aws:sns:eu-central-1:111122223333:vru"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

run "what_must_hold" {
  # Everything is backed up and encrypted.
  assert {
    condition     = aws_backup_selection.this.resources == toset(values(var.resources)) && aws_backup_vault.this.kms_key_arn == var.kms_key_arn
    error_message = "something is not backed up, or the vault not encrypted"
  }

  assert {
    condition     = { for rule in aws_backup_plan.this.rule : rule.rule_name => rule.lifecycle[0].delete_after } == { daily = 35, monthly = 90 }
    error_message = "backups are kept for another time"
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this.min_retention_days == 7
    error_message = "backups can be deleted at once"
  }

  # Backups are restored each week.
  assert {
    condition     = aws_backup_restore_testing_selection.database.protected_resource_arns == toset([var.resources["database"]]) && aws_backup_restore_testing_selection.bucket.protected_resource_type == "S3"
    error_message = "the database or the bucket is not tried"
  }

  assert {
    condition     = aws_backup_restore_testing_selection.database.restore_metadata_overrides.publiclyAccessible == "false"
    error_message = "the restored database is public"
  }

  assert {
    condition     = aws_cloudwatch_event_target.failed.arn == var.topic_arn
    error_message = "nobody is told of a failure"
  }
}

run "a_plan_without_the_database" {
  command = plan

  variables {
    resources = { bucket = "arn:aws:s3:::vru" }
  }

  expect_failures = [var.resources]
}
