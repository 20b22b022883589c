output "service_accounts" {
  description = "ServiceAccounts that have a role, by namespace."
  value       = { for namespace in distinct([for each in values(local.identities) : each.namespace]) : namespace => sort([for name, each in local.identities : name if each.namespace == namespace]) }
}
