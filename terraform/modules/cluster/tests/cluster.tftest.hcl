mock_provider "aws" {}

variables {
  name                            = "vru"
  subnet_ids                      = ["subnet-a", "subnet-b", "subnet-c"]
  control_plane_security_group_id = "sg-control-plane"
  node_security_group_id          = "sg-nodes"
  kms_key_arn                     = "arn:aws:kms:eu-central-1:111122223333:key/cluster"
  logs_kms_key_arn                = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  administrators                  = { platform = "arn:aws:iam::111122223333:role/platform" }
  general_nodes                   = { instance_types = ["m7i.2xlarge"], min = 3, max = 12 }
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.name == "vru-example"
    error_message = "the cluster has another name"
  }
}

run "what_must_hold" {
  # The control plane is reached inside only.
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access == false && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "the endpoint of the control plane is public"
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions == false
    error_message = "somebody is an administrator without an access entry"
  }

  # Secrets are encrypted and everything is logged.
  assert {
    condition     = contains(aws_eks_cluster.this.encryption_config[0].resources, "secrets") && aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.kms_key_arn
    error_message = "Secrets are not encrypted with the key"
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.this.kms_key_id == var.logs_kms_key_arn
    error_message = "a log of the control plane is missing, or not encrypted"
  }

  # Pods do not reach the credentials of nodes.
  assert {
    condition     = aws_launch_template.general.metadata_options[0].http_put_response_hop_limit == 1 && aws_launch_template.general.metadata_options[0].http_tokens == "required"
    error_message = "IMDSv1 is on, or the hop limit is not 1"
  }

  assert {
    condition     = !contains([for each in aws_iam_role_policy_attachment.node : each.policy_arn], "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy")
    error_message = "nodes have the permissions of the network plugin"
  }

  # Nodes are in three zones with encrypted disks.
  assert {
    condition     = length(aws_eks_node_group.general.subnet_ids) == 3 && aws_eks_node_group.general.scaling_config[0].min_size == 3
    error_message = "not three zones, or fewer nodes"
  }

  assert {
    condition     = startswith(aws_eks_node_group.general.ami_type, "AL2023") && aws_launch_template.general.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "another image, or a disk that is not encrypted"
  }

  # Network policies are enforced.
  assert {
    condition     = jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "the agent of network policies is off"
  }

  assert {
    condition     = length(setsubtract(["eks-pod-identity-agent", "aws-efs-csi-driver", "metrics-server", "coredns"], concat(keys(aws_eks_addon.before_nodes), keys(aws_eks_addon.after_nodes)))) == 0
    error_message = "an add-on is missing"
  }
}

run "an_old_version_is_refused" {
  command = plan

  variables {
    kubernetes_version = "1.33"
  }

  expect_failures = [var.kubernetes_version]
}

run "a_user_is_no_role" {
  command = plan

  variables {
    administrators = { someone = "arn:aws:iam::111122223333:user/someone" }
  }

  expect_failures = [var.administrators]
}
