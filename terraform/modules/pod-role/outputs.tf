output "arn" {
  description = "ARN of the role, once it has its policies."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this, aws_iam_role_policy_attachment.this]
}

output "service_account" {
  description = "Namespace and name of the ServiceAccount that has the role, if it is associated here."
  value       = one([for each in aws_eks_pod_identity_association.this : { namespace = each.namespace, name = each.service_account }])
}

output "policies" {
  description = "What it may do, for tests."
  value       = { for name, each in aws_iam_role_policy.this : name => jsondecode(each.policy) }
}
