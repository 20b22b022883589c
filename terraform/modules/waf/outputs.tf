output "arn" {
  description = "`alb.ingress.kubernetes.io/wafv2-acl-arn` in k8s/components/ingress-aws/ingress.yaml."
  value       = aws_wafv2_web_acl.this.arn
}
