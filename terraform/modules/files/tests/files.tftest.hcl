mock_provider "aws" {}

variables {
  name              = "vru"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-files"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

run "what_must_hold" {
  # Files are encrypted here and on the way.
  assert {
    condition     = aws_efs_file_system.this.encrypted && aws_efs_file_system.this.kms_key_id == var.kms_key_arn
    error_message = "files are not encrypted with the key"
  }

  assert {
    condition     = jsondecode(aws_efs_file_system_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_efs_file_system_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "clients may mount without TLS"
  }

  # Each zone has a mount target.
  assert {
    condition     = length(aws_efs_mount_target.this) == 3 && alltrue([for target in aws_efs_mount_target.this : target.security_groups == toset(["sg-files"])])
    error_message = "not three mount targets, or another group"
  }
}
