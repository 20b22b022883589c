mock_provider "aws" {
  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-test", kms_key_id = "", secret_status = "active" }]
    }
  }
}

variables {
  name              = "vru"
  instance_class    = "db.r7g.xlarge"
  storage_gib       = { start = 500, max = 4000 }
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-database"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.identifiers.replica == "vru-example-replica"
    error_message = "the replica is ${output.identifiers.replica}"
  }
}

run "what_must_hold" {
  # A zone may fail.
  assert {
    condition     = aws_db_instance.this.multi_az
    error_message = "the database is not Multi-AZ"
  }

  # There is a replica.
  assert {
    condition     = aws_db_instance.replica.replicate_source_db == "vru" && aws_db_instance.replica.instance_class == "db.r7g.xlarge"
    error_message = "the replica follows another instance, or is smaller"
  }

  # Everything is encrypted.
  assert {
    condition     = alltrue([for each in [aws_db_instance.this, aws_db_instance.replica] : each.storage_encrypted == true && each.kms_key_id == var.kms_key_arn && each.performance_insights_kms_key_id == var.kms_key_arn])
    error_message = "storage or insights are not encrypted with the key"
  }

  assert {
    condition     = one([for each in aws_db_parameter_group.this.parameter : each.value if each.name == "rds.force_ssl"]) == "1"
    error_message = "clients may connect without TLS"
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres17"
    error_message = "the parameters are of another version"
  }

  # Nobody outside reaches it.
  assert {
    condition     = alltrue([for each in [aws_db_instance.this, aws_db_instance.replica] : each.publicly_accessible == false && each.vpc_security_group_ids == toset(["sg-database"])])
    error_message = "an instance is public, or in another group"
  }

  # It can be restored and not be deleted by mistake.
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 14 && aws_db_instance.this.delete_automated_backups == false
    error_message = "there are no backups to any second of two weeks"
  }

  assert {
    condition     = aws_db_instance.this.deletion_protection && aws_db_instance.replica.deletion_protection && aws_db_instance.this.skip_final_snapshot == false
    error_message = "it can be deleted at once"
  }

  # No password is in the state.
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "Terraform knows the administrator's password"
  }
}

run "an_old_version_is_refused" {
  command = plan

  variables {
    engine_version = "14.9"
  }

  expect_failures = [var.engine_version]
}

run "too_few_backups_are_refused" {
  command = plan

  variables {
    backup_days = 1
  }

  expect_failures = [var.backup_days]
}
