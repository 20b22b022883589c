resource "aws_launch_template" "general" {
  name                   = "${var.name}-general"
  update_default_version = true
  vpc_security_group_ids = [var.node_security_group_id]

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # Pods do not reach the node's credentials.
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted             = "true"
      kms_key_id            = var.disk_kms_key_arn
      volume_type           = "gp3"
      volume_size           = var.general_nodes.disk_gib
      delete_on_termination = "true"
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-general" }
  }
}

resource "aws_eks_node_group" "general" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "general"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = var.subnet_ids
  ami_type        = "AL2023_x86_64_STANDARD"
  capacity_type   = "ON_DEMAND"
  instance_types  = var.general_nodes.instance_types
  labels          = { "vru/nodes" = "general" }

  launch_template {
    name    = aws_launch_template.general.name
    version = aws_launch_template.general.latest_version
  }

  scaling_config {
    min_size     = var.general_nodes.min
    max_size     = var.general_nodes.max
    desired_size = var.general_nodes.min
  }

  update_config {
    max_unavailable = 1
  }

  node_repair_config {
    enabled = true
  }

  lifecycle {
    # Karpenter and people change it.
    ignore_changes = [scaling_config[0].desired_size]
  }

  # Nodes without a network plugin would not become ready.
  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}
