"""What the package does not publish: statements of WAF, which contain themselves, and ephemeral resources. Written by hand from the provider's
documentation, as far as it is used here."""


def block(attributes=(), blocks=(), required=(), most=1):
    kinds = {name: {"type": kind, "how": "r" if name in required else "o"} for name, kind in dict(attributes).items()}
    return {"nesting": "list", "min": 0, "max": most, "block": {"attributes": kinds, "blocks": dict(blocks)}}


ACTIONS = {name: block() for name in ("allow", "block", "count", "captcha", "challenge")}
OVERRIDE = block({"name": "string"}, {"action_to_use": block(blocks=ACTIONS)}, required=("name",), most=0)
MANAGED = block({"name": "string", "vendor_name": "string", "version": "string"}, {"rule_action_override": OVERRIDE}, required=("name", "vendor_name"))
RATE = block({"limit": "number", "aggregate_key_type": "string", "evaluation_window_sec": "number"}, required=("limit",))
STATEMENT = block(blocks={"managed_rule_group_statement": MANAGED, "rate_based_statement": RATE})

# The path of a block: resource, then blocks.
ADDED = {"aws_wafv2_web_acl.rule.statement": {**STATEMENT, "min": 1}}

GENERATED = block({
    "password_length": "number", "exclude_characters": "string", "exclude_lowercase": "bool", "exclude_numbers": "bool",
    "exclude_punctuation": "bool", "exclude_uppercase": "bool", "include_space": "bool", "require_each_included_type": "bool",
})["block"]
GENERATED["attributes"]["random_password"] = {"type": "string", "how": "c"}
CURRENT = block({"secret_id": "string", "version_id": "string", "version_stage": "string"}, required=("secret_id",))["block"]
CURRENT["attributes"].update({name: {"type": "string", "how": "c"} for name in ("arn", "created_date", "secret_string")})

EPHEMERAL = {"aws_secretsmanager_random_password": GENERATED, "aws_secretsmanager_secret_version": CURRENT}
