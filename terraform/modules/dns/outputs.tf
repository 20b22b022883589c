output "zone_id" {
  description = "The zone: cert-manager's role may write `_acme-challenge` into it."
  value       = aws_route53_zone.this.zone_id
}

output "zone_arn" {
  description = "ARN of the zone."
  value       = aws_route53_zone.this.arn
}

output "name_servers" {
  description = "What the parent of the domain delegates to."
  value       = aws_route53_zone.this.name_servers
}

output "certificate_arn" {
  description = "Certificate of the ALB, once it is valid."
  value       = aws_acm_certificate_validation.this.certificate_arn
}

output "hosts" {
  description = "Host of each door: ingress-aws, certificates, HTTP__ORIGINS, TOKENS__ISSUER."
  value = {
    web    = var.domain
    api    = "api.${var.domain}"
    rtsp   = "rtsp.${var.domain}"
    alerts = "alerts.${var.domain}"
  }
}
