mock_provider "aws" {}

variables {
  cluster_name        = "vru"
  bucket_arn          = "arn:aws:s3:::vru-test"
  bucket_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/bucket"
  secret_arns         = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:vru/redis-abcdef"]
  secrets_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  zone_arn            = "arn:aws:route53:::hostedzone/Z123"
  vpc_id              = "vpc-test"
  log_group_arn       = "arn:aws:logs:eu-central-1:111122223333:log-group:/vru/pods"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = join(" ", output.service_accounts["vru-detection"]) == "api collector ingest sink-s3"
    error_message = "other services have roles"
  }
}

run "what_must_hold" {
  # No service may do everything.
  assert {
    condition = alltrue(flatten([
      for name in ["api", "ingest", "sink-s3", "external-secrets"] : [
        for statement in module.roles[name].policies[name].Statement :
        !contains(statement.Resource, "*") && length([for action in statement.Action : action if strcontains(action, "*")]) == 0
      ]
    ]))
    error_message = "a service may do everything, or with everything"
  }

  # Each service does what it needs with objects.
  assert {
    condition     = toset(flatten([for each in module.roles["ingest"].policies["ingest"].Statement : each.Resource])) == toset(["arn:aws:s3:::vru-test", "arn:aws:s3:::vru-test/uploads/*", var.bucket_kms_key_arn])
    error_message = "ingest reads something else than uploads"
  }

  # Who watches may write and read nothing.
  assert {
    condition = toset(flatten([
      for name in ["collector", "log-agent"] : [for each in module.roles[name].policies[name].Statement : each.Action]
    ])) == toset(["xray:PutTraceSegments", "logs:PutLogEvents"])
    error_message = "the collector or the log agent may do more than write"
  }

  assert {
    condition     = module.roles["log-agent"].service_account.namespace == "vru-logs"
    error_message = "the log agent is in a namespace of its own"
  }

  assert {
    condition     = !contains(flatten([for name in ["ingest", "sink-s3"] : [for each in module.roles[name].policies[name].Statement : each.Action]]), "s3:DeleteObject")
    error_message = "a service that deletes nothing may delete"
  }
}

run "all_secrets_at_once_are_refused" {
  command = plan

  variables {
    secret_arns = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:*"]
  }

  expect_failures = [var.secret_arns]
}
