module "dns" {
  source = "../.."

  domain = "vru.example.com"
}

output "hosts" {
  value = module.dns.hosts
}
