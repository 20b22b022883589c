mock_provider "aws" {}

variables {
  name         = "vru-aws-node"
  description  = "Network plugin"
  aws_policies = ["AmazonEKS_CNI_Policy"]
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.service_account == { namespace = "vru-detection", name = "reader" }
    error_message = "another ServiceAccount has the role"
  }
}

run "what_must_hold" {
  assert {
    condition     = [for each in jsondecode(aws_iam_role.this.assume_role_policy).Statement : each.Principal] == [{ Service = "pods.eks.amazonaws.com" }]
    error_message = "somebody else than pods may take the role"
  }

  assert {
    condition     = [for each in aws_iam_role_policy_attachment.this : each.policy_arn] == ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]
    error_message = "it has other policies"
  }

  assert {
    condition     = length(aws_eks_pod_identity_association.this) == 0 && length(aws_iam_role_policy.this) == 0
    error_message = "a role of an add-on has an association or more permissions"
  }
}

run "a_policy_for_everything_is_refused" {
  command = plan

  variables {
    aws_policies = ["AdministratorAccess"]
  }

  expect_failures = [var.aws_policies]
}
