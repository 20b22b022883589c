mock_provider "aws" {}

variables {
  name         = "vru"
  kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/alarms"
  emails       = ["oncall@example.com"]
  budget       = 20000
  database     = { primary = "vru", replica = "vru-replica", max_connections = 1000, low_storage_gib = 50 }
  kafka        = { name = "vru", brokers = 6 }
  cache_nodes  = ["vru-0001-001", "vru-0001-002"]
  nat_gateways = { a = "nat-a", b = "nat-b", c = "nat-c" }
  nat_zones    = ["a", "b", "c"]
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = contains(output.names, "vru-example-database-replica-lag")
    error_message = "the replica's lag has no alarm"
  }
}

run "what_must_hold" {
  # Every alarm tells somebody.
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([aws_sns_topic.this.arn])])
    error_message = "an alarm tells nobody"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 8 + 2 + 2 + 6 * 4 + 2 * 2 + 3
    error_message = "there are ${length(aws_cloudwatch_metric_alarm.this)} alarms"
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.kms_key_arn
    error_message = "messages are not encrypted"
  }

  # A server that is gone and a replica that is behind are seen.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-primary-gone"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["database-replica-lag"].treat_missing_data == "breaching"
    error_message = "silence is taken for health"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-connections"].threshold == 850 && aws_cloudwatch_metric_alarm.this["database-replica-lag"].dimensions == tomap({ DBInstanceIdentifier = "vru-replica" })
    error_message = "another threshold, or another instance"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-primary-storage"].comparison_operator == "LessThanThreshold"
    error_message = "storage is compared the wrong way"
  }

  # Money is watched.
  assert {
    condition     = aws_budgets_budget.this.limit_amount == "20000" && length(aws_budgets_budget.this.notification) == 3
    error_message = "the budget is another, or tells nobody"
  }
}

run "nobody_to_tell" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [var.emails]
}
