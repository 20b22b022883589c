# Its parent delegates to it: the name servers are an output.
resource "aws_route53_zone" "this" {
  name    = var.domain
  comment = "vru"
}

# For the ALB, which the controller finds by its names. Certificates of RTSPS and gRPC are cert-manager's, since TLS ends in the pods.
resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = ["api.${var.domain}"]
  validation_method         = "DNS"
  key_algorithm             = "EC_prime256v1"

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  options = { for option in aws_acm_certificate.this.domain_validation_options : option.domain_name => option }
}

resource "aws_route53_record" "validation" {
  for_each = toset([var.domain, "api.${var.domain}"])

  zone_id         = aws_route53_zone.this.zone_id
  name            = local.options[each.value].resource_record_name
  type            = local.options[each.value].resource_record_type
  records         = [local.options[each.value].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]

  timeouts {
    create = "30m"
  }
}

# Nobody else's authority signs certificates of this domain.
resource "aws_route53_record" "caa" {
  zone_id = aws_route53_zone.this.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = concat([for authority in var.authorities : "0 issue \"${authority}\""], ["0 issuewild \";\""])
}
