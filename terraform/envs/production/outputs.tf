output "overlay" {
  description = "What the overlay of k8s/ takes from here: docs/deploy.md."
  value       = module.environment.overlay
}

output "contract" {
  description = "Names and ports that manifests and account share; a test compares them."
  value       = module.environment.contract
}

output "safety" {
  description = "What reviews and tests look at."
  value       = module.environment.safety
}

output "people" {
  description = "The bastion, ways to Kafka and the database, name servers."
  value       = module.environment.people
}
