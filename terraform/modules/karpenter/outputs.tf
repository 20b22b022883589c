output "queue_name" {
  description = "For Karpenter's setting `settings.interruptionQueue`."
  value       = aws_sqs_queue.this.name
}

output "service_account" {
  description = "Namespace and ServiceAccount of Karpenter."
  value       = module.role.service_account
}
