output "ids" {
  description = "Group → its id."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "ports" {
  description = "Server → port that nodes may connect to: network policies of k8s/components/managed-data, and the addresses there."
  value       = { for name in ["kafka", "database", "cache"] : name => local.ports[name] }
}

output "internet_ports" {
  description = "Ports that pods may connect to anywhere: `to-internet` in k8s/base/platform/internet.yaml."
  value       = local.internet_ports
}

output "cameras" {
  description = "Networks and ports of cameras that are pulled: `to-cameras` in k8s/base/platform/internet.yaml."
  value       = { networks = var.camera_networks, ports = local.camera_ports }
}
