mock_provider "aws" {}

variables {
  name              = "vru"
  subnet_id         = "subnet-test"
  security_group_id = "sg-test"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/test"
  kafka_cluster_arn = "arn:aws:kafka:eu-central-1:111122223333:cluster/vru/0a1b2c3d-0000-0000-0000-000000000000-1"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.session_document == "vru-example-session"
    error_message = "the name of the document is ${output.session_document}"
  }
}

run "what_must_hold" {
  # Nobody connects to it.
  assert {
    condition     = aws_instance.this.associate_public_ip_address == false && aws_instance.this.vpc_security_group_ids == toset(["sg-test"])
    error_message = "the bastion has a public address, or another group"
  }

  # The disk is encrypted and pods of others do not reach its credentials.
  assert {
    condition     = aws_instance.this.root_block_device[0].encrypted && aws_instance.this.root_block_device[0].kms_key_id == var.kms_key_arn
    error_message = "the disk is not encrypted with the key"
  }

  assert {
    condition     = aws_instance.this.metadata_options[0].http_tokens == "required" && aws_instance.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv1 is on, or the hop limit is not 1"
  }

  # It makes topics of this cluster, and neither reads nor writes records nor deletes anything.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.kafka.policy).Statement :
      startswith(statement.Resource, "arn:aws:kafka:eu-central-1:111122223333:") && strcontains(statement.Resource, "/vru/0a1b2c3d-") &&
      length([for action in flatten([statement.Action]) : action if can(regex("Data|Delete|Group|[*]", action))]) == 0
    ])
    error_message = "the bastion may do more with Kafka than make topics and permissions"
  }

  # Sessions are logged.
  assert {
    condition     = jsondecode(aws_ssm_document.session.content).inputs.cloudWatchStreamingEnabled && aws_cloudwatch_log_group.sessions.kms_key_id == var.kms_key_arn
    error_message = "sessions are not logged"
  }
}

run "a_type_with_other_processors" {
  command = plan

  variables {
    instance_type = "t3.small"
  }

  expect_failures = [var.instance_type]
}
