"""The stub provider says what the real one says, where it is easy to get wrong."""

import json
import shutil

from workspace import SOURCE

RULE = ("rule", "statement", "managed_rule_group_statement")


def attribute(schema, kind, resource, name, *blocks):
    block = schema[kind][resource]["block"]
    for step in blocks:
        block = block["block_types"][step]["block"]
    return block["attributes"][name]


# What it is, and what must be true of the schema.
FACTS = [
    ("a resource whose configuration is named differently", lambda s: "aws_wafv2_web_acl_association" in s["resource_schemas"]),
    ("an attribute of objects is a set", lambda s: attribute(s, "resource_schemas", "aws_security_group", "ingress")["type"][:2] == ["set", ["object", attribute(s, "resource_schemas", "aws_security_group", "ingress")["type"][1][1]]]),
    ("a set of texts", lambda s: attribute(s, "resource_schemas", "aws_db_instance", "vpc_security_group_ids")["type"] == ["set", "string"]),
    ("a list of texts", lambda s: attribute(s, "resource_schemas", "aws_eks_node_group", "instance_types")["type"] == ["list", "string"]),
    ("required", lambda s: attribute(s, "resource_schemas", "aws_db_instance", "instance_class")["required"]),
    ("optional, and not computed", lambda s: "computed" not in attribute(s, "resource_schemas", "aws_db_instance", "storage_encrypted")),
    ("computed only", lambda s: "optional" not in attribute(s, "resource_schemas", "aws_db_instance", "endpoint")),
    ("write-only", lambda s: attribute(s, "resource_schemas", "aws_elasticache_replication_group", "auth_token_wo")["write_only"]),
    ("a block of which there is one", lambda s: s["resource_schemas"]["aws_msk_cluster"]["block"]["block_types"]["broker_node_group_info"]["max_items"] == 1),
    ("a block of which there is one at least", lambda s: s["resource_schemas"]["aws_msk_cluster"]["block"]["block_types"]["broker_node_group_info"]["min_items"] == 1),
    ("a statement of WAF, which contains statements", lambda s: attribute(s, "resource_schemas", "aws_wafv2_web_acl", "vendor_name", *RULE)["required"]),
    ("an ephemeral resource", lambda s: "aws_secretsmanager_secret_version" in s["ephemeral_resource_schemas"]),
    ("a data source", lambda s: attribute(s, "data_source_schemas", "aws_ssm_parameter", "name")["required"]),
    ("no resource of that name", lambda s: "aws_s3_bucket_encryption" not in s["resource_schemas"]),
    ("as many resources as the provider has", lambda s: len(s["resource_schemas"]) > 1700),
]


def problems(workspace):
    folder = workspace.folder / "stub"
    folder.mkdir()
    shutil.copy(SOURCE / "modules/state/versions.tf", folder)
    said = workspace.initialised("stub")
    if said:
        return [f"stub provider: {said}"]
    # All types, for once.
    environment = workspace.environment
    workspace.environment = {key: value for key, value in environment.items() if key != "VRU_STUB_TYPES"}
    code, said = workspace.run("stub", "providers", "schema", "-json")
    workspace.environment = environment
    if code:
        return [f"stub provider: {said}"]
    schema = json.loads(said)["provider_schemas"]["registry.terraform.io/hashicorp/aws"]
    found = []
    for what, fact in FACTS:
        try:
            holds = fact(schema)
        except (KeyError, IndexError, TypeError) as error:
            holds, what = False, f"{what} ({error!r})"
        if not holds:
            found.append(f"stub provider: {what}: not so")
    return found
