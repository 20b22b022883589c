output "urls" {
  description = "Image → its repository: `newName` in the overlays."
  value       = { for image in var.images : image => aws_ecr_repository.this[image].repository_url }
}

output "arns" {
  description = "ARNs of the repositories, for the pipeline's role."
  value       = [for repository in aws_ecr_repository.this : repository.arn]
}
