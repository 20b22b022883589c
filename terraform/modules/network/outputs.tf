output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Network of the VPC: `to-kafka`, `to-database` and `to-redis` in k8s/components/managed-data/network.yaml."
  value       = var.cidr
}

output "load_balancers_cidr" {
  description = "Network of the public subnets: ingress-aws/network.yaml and HTTP__PROXIES."
  value       = cidrsubnet(var.cidr, 2, 0)
}

output "public_subnet_ids" {
  description = "Subnets of load balancers, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "app_subnet_ids" {
  description = "Subnets of nodes and pods, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.app[zone].id]
}

output "data_subnet_ids" {
  description = "Subnets of servers of data, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.data[zone].id]
}

output "zone_ids" {
  description = "The id of each zone, which differs from account to account. MSK calls its racks so."
  value       = { for zone in var.zones : zone => aws_subnet.data[zone].availability_zone_id }
}

output "discovery_tag" {
  description = "The tag `karpenter.sh/discovery` of the nodes' subnets: components/karpenter."
  value       = aws_subnet.app[var.zones[0]].tags["karpenter.sh/discovery"]
}

output "nat_addresses" {
  description = "Addresses from which pods reach the internet, and webhooks come."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "nat_gateway_ids" {
  description = "NAT gateways, for alarms."
  value       = { for zone, gateway in aws_nat_gateway.this : zone => gateway.id }
}
