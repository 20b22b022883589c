output "id" {
  description = "`fileSystemId` in k8s/components/karpenter/storage.yaml and overlays/staging/storage.yaml."
  value       = aws_efs_file_system.this.id
}

output "arn" {
  description = "ARN of the file system, for backups."
  value       = aws_efs_file_system.this.arn
}
