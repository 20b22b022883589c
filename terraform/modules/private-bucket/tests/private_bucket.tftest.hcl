mock_provider "aws" {}

variables {
  name        = "vru-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/test"
  log_bucket  = "vru-test-logs"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

run "what_must_hold" {
  # Nothing is public and everything is encrypted.
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "public access is not blocked"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : one(rule.apply_server_side_encryption_by_default).sse_algorithm]) == "aws:kms"
    error_message = "objects are not encrypted with the key"
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "no versions are kept"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "access lists are not off"
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_prefix == "s3/vru-test/"
    error_message = "access is not logged"
  }

  assert {
    condition     = anytrue([for each in jsondecode(aws_s3_bucket_policy.this.policy).Statement : each.Effect == "Deny" && try(each.Condition.Bool["aws:SecureTransport"], "") == "false"])
    error_message = "requests without TLS are not refused"
  }

  # Old versions go.
  assert {
    condition     = contains(flatten([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [for each in rule.noncurrent_version_expiration : each.noncurrent_days]]), 30)
    error_message = "old versions are kept for ever"
  }
}

run "a_name_that_S3_refuses" {
  command = plan

  variables {
    name = "Vru_Test"
  }

  expect_failures = [var.name]
}
