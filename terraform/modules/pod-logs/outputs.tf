output "arn" {
  description = "The log group, for the role of the log agent."
  value       = aws_cloudwatch_log_group.this.arn
}

output "names" {
  description = "Group and stream, as the log agent's settings name them."
  value       = { group = aws_cloudwatch_log_group.this.name, stream = aws_cloudwatch_log_stream.this.name }
}
