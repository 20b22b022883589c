mock_provider "aws" {}

variables {
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/logs"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.names == { group = "/vru/pods", stream = "pods" }
    error_message = "the log agent writes elsewhere"
  }
}

run "logs_are_encrypted_and_end" {
  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "logs are not encrypted with the key"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 90
    error_message = "logs are kept for ever"
  }
}

run "days_that_cloudwatch_does_not_know_are_refused" {
  command = plan

  variables {
    days = 31
  }

  expect_failures = [var.days]
}
