mock_provider "aws" {}

variables {
  name = "vru"
  keys = {
    data   = { description = "Databases" }
    logs   = { description = "Logs", services = ["logs.eu-central-1.amazonaws.com"] }
    alarms = { description = "Alarms", services = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
  }
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = length(output.arns) == 2
    error_message = "each key has an ARN"
  }
}

run "what_must_hold" {
  # Keys rotate and are not lost at once.
  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "a key does not rotate, or goes at once"
  }

  # Services use a key for this account only.
  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [
      for statement in jsondecode(key.policy).Statement : try(statement.Principal.Service, null) == null || can(statement.Condition)
    ]]))
    error_message = "a service may use a key for other accounts"
  }

  assert {
    condition     = length(jsondecode(aws_kms_key.this["alarms"].policy).Statement) == 3
    error_message = "each service has a statement"
  }
}

run "a_service_that_is_none" {
  command = plan

  variables {
    keys = { data = { description = "Databases", services = ["rds"] } }
  }

  expect_failures = [var.keys]
}
