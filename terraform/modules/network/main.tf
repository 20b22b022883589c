# A /16: a quarter for load balancers, three /19 for nodes and pods, three /22 for servers of data.
locals {
  public = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 4, index) }
  app    = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 3, 2 + index) }
  data   = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 6, 48 + index) }
  # Where the NAT gateway of a zone is.
  nat = { for zone in var.zones : zone => var.nat_per_zone ? zone : var.zones[0] }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# What names no security group gets this one, which lets nothing in or out.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

# Load balancers and NAT gateways only: nothing gets a public address by itself.
resource "aws_subnet" "public" {
  for_each = local.public

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${each.key}", "kubernetes.io/role/elb" = "1" }
}

resource "aws_subnet" "app" {
  for_each = local.app

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-app-${each.key}", "kubernetes.io/role/internal-elb" = "1", "karpenter.sh/discovery" = var.name }
}

resource "aws_subnet" "data" {
  for_each = local.data

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-data-${each.key}" }
}

resource "aws_eip" "nat" {
  for_each = toset(values(local.nat))

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = toset(values(local.nat))

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}
