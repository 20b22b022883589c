mock_provider "aws" {}

variables {
  cluster_name  = "vru"
  cluster_arn   = "arn:aws:eks:eu-central-1:111122223333:cluster/vru"
  node_role_arn = "arn:aws:iam::111122223333:role/vru-node"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.queue_name == "vru-example"
    error_message = "the queue has another name"
  }
}

run "what_must_hold" {
  # Interruptions reach the queue.
  assert {
    condition     = length(aws_cloudwatch_event_target.this) == 5 && alltrue([for target in aws_cloudwatch_event_target.this : target.arn == aws_sqs_queue.this.arn])
    error_message = "an event does not reach the queue"
  }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "the queue is not encrypted"
  }

  # It passes one role on and ends its own machines.
  assert {
    condition     = [for each in module.role.policies["karpenter"].Statement : each.Resource if each.Action == "iam:PassRole"] == [var.node_role_arn]
    error_message = "another role may be passed on"
  }

  assert {
    condition = alltrue([
      for each in module.role.policies["karpenter"].Statement :
      can(each.Condition.StringEquals["aws:ResourceTag/kubernetes.io/cluster/vru"]) if contains(flatten([each.Action]), "ec2:TerminateInstances")
    ])
    error_message = "machines of others may be ended"
  }

  assert {
    condition     = alltrue([for each in module.role.policies["karpenter"].Statement : each.Resource != "*" || each.Sid == "Read"])
    error_message = "a permission to change something is for everything"
  }
}
