"""What it is, where Terraform runs, the file, what is there, what somebody writes instead, and the words with which it is found."""

# By `terraform validate`, with the types of the stub provider.
VALIDATE = [
    ("an argument that does not exist", "modules/database", "main.tf", "publicly_accessible    = false", "public_access = false", "argument named \"public_access\" is not expected"),
    ("a resource that does not exist", "modules/private-bucket", "main.tf", 'resource "aws_s3_bucket_server_side_encryption_configuration" "this"', 'resource "aws_s3_bucket_encryption" "this"', "does not support resource type \"aws_s3_bucket_encryption\""),
    ("a variable that is not declared", "modules/cache", "main.tf", "node_type            = var.node_type", "node_type            = var.type", "input variable with the name \"type\" has not been declared"),
    ("an output that a module does not have", "modules/environment", "main.tf", "module.network.vpc_id", "module.network.id", "unsupported attribute|does not have an attribute|This object does not have"),
    ("a text where a number belongs", "modules/kafka", "main.tf", "number_of_broker_nodes = var.brokers.count", 'number_of_broker_nodes = "three"', "a number is required"),
    ("a list where a text belongs", "modules/bastion", "main.tf", "subnet_id                   = var.subnet_id", "subnet_id                   = [var.subnet_id]", "string required"),
    ("an attribute where a block belongs", "modules/kafka", "main.tf", "  client_authentication {\n    unauthenticated = false\n", "  client_authentication = {\n    unauthenticated = false\n", "Missing key/value separator"),
    ("a required argument that is missing", "modules/database", "main.tf", "  instance_class = var.instance_class\n", "", "argument \"instance_class\" is required"),
    ("a required block that is missing", "modules/environment", "main.tf", '  kms_key_arn  = module.keys.arns["logs"]\n}', "}", "argument \"kms_key_arn\" is required"),
    ("a variable of a module that does not exist", "envs/production", "main.tf", "  alarms = {", "  alarm = {", "argument named \"alarm\" is not expected|\"alarms\" is required"),
]

# By an assertion of `terraform test`, with mocks. Those of one module are tried together where their words differ.
TESTS = [
    ("a database that is not Multi-AZ", "modules/database", "main.tf", "multi_az               = var.multi_az", "multi_az               = false", "not Multi-AZ"),
    ("a database that is not Multi-AZ in production", "envs/production", "main.tf", '    class         = "db.r7g.2xlarge"\n', '    class         = "db.r7g.2xlarge"\n    multi_az = false\n', "a zone may not fail"),
    ("a database that is not encrypted", "modules/database", "main.tf", "  storage_encrypted     = true\n", "", "not encrypted with the key"),
    ("a replica that is not encrypted", "modules/database", "main.tf", "  max_allocated_storage = var.storage_gib.max\n  storage_encrypted     = true\n  kms_key_id            = var.kms_key_arn\n\n  multi_az               = false", "  max_allocated_storage = var.storage_gib.max\n  kms_key_id            = var.kms_key_arn\n\n  multi_az               = false", "not encrypted with the key"),
    ("a replica of nothing", "modules/database", "main.tf", "  replicate_source_db = aws_db_instance.this.identifier\n", '  engine = "postgres"\n', "follows another instance"),
    ("a database with a public address", "modules/database", "main.tf", "publicly_accessible    = false", "publicly_accessible    = true", "an instance is public"),
    ("a database that takes connections without TLS", "modules/database", "main.tf", '"rds.force_ssl"              = { value = "1"', '"rds.force_ssl" = { value = "0"', "without TLS"),
    ("a database that can be deleted at once", "modules/database", "main.tf", "deletion_protection       = true", "deletion_protection       = false", "deleted at once"),
    ("a smaller database than planned", "envs/production", "main.tf", "db.r7g.2xlarge", "db.t4g.micro", "a smaller database"),
    ("a server that is open to the internet", "modules/security-groups", "main.tf", "  referenced_security_group_id = aws_security_group.this[each.value.from].id\n  description                  = \"${each.value.what} from", "  cidr_ipv4 = \"0.0.0.0/0\"\n  description                  = \"${each.value.what} from", "from a network instead of from a group"),
    ("a bastion with an open port", "modules/security-groups", "main.tf", '{ from = "rotation", to = "database"', '{ from = "nodes", to = "bastion", port = 22, what = "SSH" },\n    { from = "rotation", to = "database"', "bastion has an open port"),
    ("a bastion that reads records", "modules/bastion", "main.tf", '"kafka-cluster:CreateTopic", ', '"kafka-cluster:CreateTopic", "kafka-cluster:ReadData", ', "may do more with Kafka"),
    ("nodes that reach any port of the internet", "modules/security-groups", "main.tf", "internet_ports = [443, 8883]", "internet_ports = [0, 443, 8883]", "any port of the internet"),
    ("a control plane with a public endpoint", "modules/cluster", "main.tf", "endpoint_public_access  = false", "endpoint_public_access  = true", "endpoint of the control plane is public"),
    ("Secrets that are not encrypted", "modules/cluster", "main.tf", 'resources = ["secrets"]', "resources = []", "Secrets are not encrypted"),
    ("pods that reach the credentials of nodes", "modules/cluster", "nodes.tf", "http_put_response_hop_limit = 1", "http_put_response_hop_limit = 2", "hop limit is not 1"),
    ("IMDSv1", "modules/cluster", "nodes.tf", 'http_tokens   = "required"', 'http_tokens   = "optional"', "IMDSv1 is on"),
    ("network policies that nobody enforces", "modules/cluster", "addons.tf", 'enableNetworkPolicy = "true"', 'enableNetworkPolicy = "false"', "network policies is off"),
    ("Kafka without TLS", "modules/kafka", "main.tf", 'client_broker = "TLS"', 'client_broker = "TLS_PLAINTEXT"', "without TLS"),
    ("Kafka without log-in", "modules/kafka", "main.tf", "unauthenticated = false", "unauthenticated = true", "need no name"),
    ("Kafka that everybody may use", "modules/kafka", "main.tf", '"allow.everyone.if.no.acl.found"   = "false"', '"allow.everyone.if.no.acl.found"   = "true"', "for everybody"),
    ("frames in tiered storage", "modules/kafka", "main.tf", 'storage_mode = "LOCAL"', 'storage_mode = "TIERED"', "tiered storage"),
    ("one replica of records", "modules/kafka", "main.tf", '= "3"\n', '= "1"\n', "fewer than three brokers"),
    ("a cache without a standby", "modules/cache", "main.tf", "multi_az_enabled           = true", "multi_az_enabled           = false", "not Multi-AZ"),
    ("a cache without TLS", "modules/cache", "main.tf", 'transit_encryption_mode    = "required"', 'transit_encryption_mode    = "preferred"', "without TLS"),
    ("a cache without cluster mode", "modules/cache", "main.tf", 'value = "yes"', 'value = "no"', "cluster mode is off"),
    ("a bucket that may become public", "modules/private-bucket", "main.tf", "restrict_public_buckets = true", "restrict_public_buckets = false", "public access is not blocked"),
    ("a bucket without versions", "modules/private-bucket", "main.tf", 'status = "Enabled"', 'status = "Suspended"', "no versions are kept"),
    ("a bucket without encryption by our key", "modules/private-bucket", "main.tf", '"AES256" : "aws:kms"', '"AES256" : "AES256"', "not encrypted with the key"),
    ("a bucket that takes requests without TLS", "modules/private-bucket", "main.tf", '"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"', "without TLS are not refused"),
    ("images that can be replaced", "modules/registry", "main.tf", '"IMMUTABLE"', '"MUTABLE"', "tag can be moved"),
    ("a service that may delete what it only reads", "modules/identities", "services.tf", '"uploads" = ["s3:GetObject"]\n', '"uploads" = ["s3:GetObject", "s3:DeleteObject"]\n', "may delete"),
    ("a role of pods that machines may take", "modules/pod-role", "main.tf", "pods.eks.amazonaws.com", "ec2.amazonaws.com", "somebody else than pods may take the role"),
    ("a role that may do everything", "modules/identities", "controllers.tf", '["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]', '["secretsmanager:*"]', "may do everything"),
    ("a key that does not rotate", "modules/keys", "main.tf", "enable_key_rotation     = true", "enable_key_rotation     = false", "does not rotate"),
    ("a secret that is deleted at once", "modules/secrets", "main.tf", "recovery_window_in_days = var.recovery_days", "recovery_window_in_days = 0", "deleted at once"),
    ("a firewall that only counts", "modules/waf", "main.tf", "        none {}", "        count {}", "counts only"),
    ("a firewall that refuses addresses of cameras", "modules/waf", "main.tf", '"GenericRFI_BODY", ', "", "refuses uploads or cameras"),
    ("a vault from which backups can be deleted", "modules/backup", "main.tf", "min_retention_days  = 7", "min_retention_days  = 1", "deleted at once"),
    ("an alarm that tells nobody", "modules/alarms", "main.tf", "  alarm_actions       = [aws_sns_topic.this.arn]\n", "", "tells nobody"),
    ("a silent replica that is taken for a healthy one", "modules/alarms", "metrics.tf", 'minutes = 5, missing = "breaching"', "minutes = 5", "silence is taken for health"),
    ("one NAT gateway for production", "modules/network", "main.tf", "var.nat_per_zone ? zone : var.zones[0]", "var.zones[0]", "depends on the NAT gateway of another"),
    ("subnets where the manifests do not expect them", "modules/network", "main.tf", "cidrsubnet(var.cidr, 4, index)", "cidrsubnet(var.cidr, 4, 8 + index)", "public subnets: "),
]

# By an error that ends `terraform test`.
ERRORS = [
    ("a password in an output", "modules/environment", "outputs.tf", "bastion          = module.bastion.instance_id", "bastion          = module.redis_password.value", "[Ee]phemeral"),
    ("a password in an argument that is kept", "modules/secrets", "main.tf", 'secret_string_wo         = jsonencode({ password = module.password["redis"].value })', 'secret_string         = jsonencode({ password = module.password["redis"].value })', "[Ee]phemeral"),
    ("one day of backups", "envs/production", "main.tf", "backup_days   = 35", "backup_days   = 1", "7 to 35 days"),
    ("nodes in two zones", "envs/staging", "main.tf", ', "eu-central-1c"]', "]", "Three zones"),
    ("a backup without the bucket", "modules/environment", "data.tf", ", bucket = module.bucket.arn, files", ", files", "database and the bucket are backed up"),
    ("names that depend on what exists only after apply", "modules/bucket", "main.tf", 'log_bucket = "${var.name}-logs"', "log_bucket = module.logs.arn", "cannot be determined until apply"),
]

# By checkov.
CHECKOV = [
    ("a disk of a node that is not encrypted", "modules/bastion", "main.tf", "    encrypted   = true\n", "    encrypted   = false\n", "aws_instance.this: CKV_AWS_8"),
    ("a public address", "modules/bastion", "main.tf", "associate_public_ip_address = false", "associate_public_ip_address = true", "aws_instance.this: CKV_AWS_88"),
    ("an image that is not scanned", "modules/registry", "main.tf", "scan_on_push = true", "scan_on_push = false", "CKV_AWS_163"),
    ("SSH for everybody", "modules/network", "endpoints.tf", "cidr_ipv4         = var.cidr\n  ip_protocol       = \"tcp\"\n  from_port         = 443\n  to_port           = 443", "cidr_ipv4         = \"0.0.0.0/0\"\n  ip_protocol       = \"tcp\"\n  from_port         = 22\n  to_port           = 22", "CKV_AWS_24"),
    ("a queue that is not encrypted", "modules/karpenter", "main.tf", "  sqs_managed_sse_enabled   = true\n", "", "CKV_AWS_27"),
    ("files that are not encrypted", "modules/files", "main.tf", "encrypted       = true", "encrypted       = false", "CKV_AWS_42"),
    ("a control plane that logs nothing", "modules/cluster", "main.tf", '["api", "audit", "authenticator", "controllerManager", "scheduler"]', '["api"]', "CKV_AWS_37"),
]

# By form.py.
FORM = [
    ("a variable without a description", "modules/cache", "variables.tf", '  description = "Type of the nodes."\n', "", "variable node_type has no description"),
    ("a variable without a type", "modules/cache", "variables.tf", "  type        = number\n  default     = 3\n", "  default     = 3\n", "variable shards has no type"),
    ("an output without a description", "modules/dns", "outputs.tf", '  description = "ARN of the zone."\n', "", "output zone_arn has no description"),
    ("a password in the state", "modules/cache", "main.tf", "auth_token_wo              = var.auth_token", "auth_token = var.auth_token", "auth_token would be in the state"),
]
