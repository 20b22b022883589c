output "arns" {
  description = "Key → its ARN."
  value       = { for name, key in aws_kms_key.this : name => key.arn }
}
