output "instance_id" {
  description = "For `aws ssm start-session --target`."
  value       = aws_instance.this.id
}

output "role_arn" {
  description = "Role of the instance, which nothing else trusts."
  value       = aws_iam_role.this.arn
}

output "session_document" {
  description = "For `--document-name`: sessions that are logged."
  value       = aws_ssm_document.session.name
}
