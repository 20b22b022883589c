"""checkov on everything. Each skip has its reason, and one that finds nothing is an error."""

import json
import subprocess

from workspace import CACHE

SKIPPED = {
    "CKV2_AWS_5": "groups are attached by other modules, by their ids",
    "CKV2_AWS_18": "the file system is in the backup plan: checkov does not follow a map of ARNs, the test of modules/backup does",
    "CKV2_AWS_38": "DNSSEC needs a record at the registrar of the parent, which is not in this account",
    "CKV2_AWS_39": "queries are for four public names; who asks is a resolver",
    "CKV2_AWS_57": "vru/database changes by modules/rotation. Kafka's and Valkey's passwords change on the servers and in the services at once, by a person; the key of cameras' logins must not change",
    "CKV2_AWS_62": "nobody listens to events of buckets",
    "CKV2_AWS_69": "rds.force_ssl is set in a dynamic block; the test of modules/database asserts it",
    "CKV_AWS_144": "AWS Backup copies to another region where backup_copy_vault_arn says so",
    "CKV_AWS_157": "a read replica may be gone: the API reads from the primary then. The test asserts that the primary is Multi-AZ",
    "CKV_AWS_192": "the rule group is chosen in a dynamic block; the test of modules/waf asserts it",
    "CKV_AWS_300": "the rule unfinished-uploads does it for the whole bucket; checkov looks for it in each rule",
    "CKV_AWS_31": "the password is a write-only argument, which checkov does not know",
    "CKV_AWS_338": "logs of brokers, cache and firewall are for looking after a fault: 90 days",
    "CKV_AWS_133": "the days come through two modules; the tests of modules/database and of the environments assert them",
    "CKV_AWS_339": "checkov's list of versions of EKS ends before 1.35",
}


def report(folder):
    command = [CACHE / "venv-checkov/bin/checkov", "--directory", folder, "--framework", "terraform", "--output", "json", "--quiet", "--compact",
               "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"results": {"failed_checks": [], "parsing_errors": [done.stdout + done.stderr]}, "summary": {"passed": 0}}


def problems(folder, skipped=None):
    skipped = SKIPPED if skipped is None else skipped
    said = report(folder)
    found = [f"checkov cannot read {each}" for each in said["results"].get("parsing_errors", [])]
    used = set()
    for failed in said["results"]["failed_checks"]:
        if failed["check_id"] in skipped:
            used.add(failed["check_id"])
        else:
            found.append(f"checkov: {failed['resource']}: {failed['check_id']}: {failed['check_name']}")
    if said["summary"]["passed"] < 100 and skipped:
        found.append("checkov has looked at nearly nothing")
    return sorted(set(found)) + [f"security.py skips {name}, which finds nothing" for name in skipped if name not in used]
