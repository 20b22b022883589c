"""The policies (CEL), evaluated without an API server: what is ours passes, and each wrong manifest is refused by the rule that it breaks."""

import copy
from functools import cache

import celpy
from celpy.adapter import json_to_cel

import refused
from references import selects
from render import name_of

RESOURCES = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Job": "jobs", "Service": "services"}


@cache
def program(expression):
    environment = celpy.Environment()
    return environment.program(environment.compile(expression))


def matches(policy, document):
    constraints = policy["spec"]["matchConstraints"]
    group = document["apiVersion"].split("/")[0] if "/" in document["apiVersion"] else ""
    wanted = any(group in rule["apiGroups"] and RESOURCES.get(document["kind"]) in rule["resources"] for rule in constraints["resourceRules"])
    return wanted and selects(constraints.get("objectSelector", {}), document["metadata"].get("labels", {}))


def bound(world, policy, document):
    """Whether a binding makes the policy refuse what is in the document's namespace."""
    namespace = world.find("Namespace", document["metadata"].get("namespace", ""))
    labels = namespace["metadata"]["labels"] if namespace else {}
    return any(binding["spec"]["policyName"] == policy["metadata"]["name"] and "Deny" in binding["spec"]["validationActions"]
               and selects(binding["spec"]["matchResources"]["namespaceSelector"], labels)
               for binding in world.of("ValidatingAdmissionPolicyBinding"))


def refusals(world, document):
    """What the policies say against a document."""
    for policy in world.of("ValidatingAdmissionPolicy"):
        if not matches(policy, document) or not bound(world, policy, document):
            continue
        known, variables = {"object": json_to_cel(document)}, celpy.celtypes.MapType()
        for variable in policy["spec"].get("variables", []):
            known["variables"] = celpy.celtypes.MapType(variables)
            variables[celpy.celtypes.StringType(variable["name"])] = program(variable["expression"]).evaluate(known)
        known["variables"] = variables
        for validation in policy["spec"]["validations"]:
            if not program(validation["expression"]).evaluate(known):
                yield validation.get("message") or validation["messageExpression"]


def problems(world):
    return [f"{name_of(document)}: a policy refuses it: {said}" for document in world.documents for said in refusals(world, document)]


def passed_though_wrong(world):
    """Wrong manifests that no policy refuses by its words, and how many were tried."""
    found, cases = [], refused.cases(world.documents)
    for what, document, change, words in cases:
        wrong = copy.deepcopy(document)
        change(wrong)
        said = list(refusals(world, wrong))
        if not any(words in each for each in said):
            found.append(f"the policies do not refuse {what}; they say {said}")
    return found, len(cases)
