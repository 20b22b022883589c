output "queue_name" {
  description = "For Karpenter's setting `settings.interruptionQueue`."
  value       = aws_sqs_queue.this.name
}

output "service_account" {
  description = "Namespace and ServiceAccount of Karpenter."
  value       = { namespace = aws_eks_pod_identity_association.this.namespace, name = aws_eks_pod_identity_association.this.service_account }
}
