"""Schemas: those of Kubernetes (kubernetes-validate), and the definitions of the controllers, out of their Go modules or of crates."""

import fnmatch
import json
import os
import subprocess
import zipfile
from functools import cache

import jsonschema
import kubernetes_validate
import yaml

import rust_types
from render import CACHE, name_of

KUBERNETES = "1.36"
# Module → its definitions. docs/deploy.md names the versions of the controllers.
MODULES = {
    "github.com/kedacore/keda/v2@v2.21.0": "config/crd/bases/*.yaml",
    "github.com/external-secrets/external-secrets@v0.16.2": "deploy/crds/bundle.yaml",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd/*.yaml",
    "sigs.k8s.io/gateway-api@v1.6.3": "config/crd/standard/*.yaml",
    "sigs.k8s.io/karpenter@v1.13.0": "pkg/apis/crds/*.yaml",
    "github.com/aws/karpenter-provider-aws@v1.14.3": "pkg/apis/crds/karpenter.k8s.aws_ec2nodeclasses.yaml",
    "github.com/cert-manager/cert-manager@v1.20.3": "deploy/crds/*.yaml",
    "github.com/cloudnative-pg/plugin-barman-cloud@v0.15.0": "config/crd/bases/*.yaml",
}
# Strimzi and CloudNativePG publish no module that we can fetch. These crates have the types of theirs.
CRATES = ("kcr_kafka_strimzi_io@3.20260604.80828", "kcr_postgresql_cnpg_io@3.20260607.103612")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads `=`, which stands in some definitions, as the text that it is."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def archive(module):
    """The module's archive, as Go fetches it. A module that asks for a newer Go is fetched, too, but not unpacked."""
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd="/")
    try:
        return zipfile.ZipFile(json.loads(done.stdout)["Zip"])
    except (ValueError, KeyError):
        raise SystemExit(f"Go cannot fetch {module}: {done.stdout} {done.stderr}") from None


def definitions():
    """The CustomResourceDefinitions of all modules and crates, as text."""
    for module, pattern in MODULES.items():
        with archive(module) as files:
            names = fnmatch.filter(files.namelist(), f"{module}/{pattern}")
            if not names:
                raise SystemExit(f"{module} has no {pattern}")
            for name in names:
                if not name.endswith("kustomization.yaml"):
                    yield files.read(name).decode()
    for crate in CRATES:
        yield from map(json.dumps, rust_types.definitions(crate))


def parsed():
    for text in definitions():
        for document in yaml.load_all(text, Loader=Loader):
            if document and document["kind"] == "CustomResourceDefinition":
                yield document


def closed(schema):
    """The schema, in which an object has no other fields than those that it names."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        if schema.get("x-kubernetes-int-or-string"):
            schema.pop("type", None)
    elif isinstance(schema, list):
        schema = [closed(each) for each in schema]
    return schema


@cache
def schemas():
    """(group/version, kind) → JSON schema, kept in the cache as JSON: YAML of this size takes seconds to read."""
    kept = CACHE / "crds" / ("-".join(module.rsplit("@", 1)[1] for module in (*MODULES, *CRATES)) + ".json")
    if not kept.is_file():
        found = {}
        for definition in parsed():
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                schema["properties"]["status"] = {}
                found[f"{spec['group']}/{version['name']} {spec['names']['kind']}"] = schema
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.with_suffix(".new").write_text(json.dumps(found))
        kept.with_suffix(".new").rename(kept)
    return json.loads(kept.read_text())


def problems(world):
    found = []
    for document in world.documents:
        group = document["apiVersion"].split("/")[0]
        if "." in group and not group.endswith(".k8s.io") or group in ("gateway.networking.k8s.io",):
            found += of_controller(document, group)
            continue
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{name_of(document)}: {'.'.join(map(str, error.path))}: {error.message[:300]}")
        except (kubernetes_validate.InvalidSchemaError, kubernetes_validate.SchemaNotFoundError) as error:
            found.append(f"{name_of(document)}: Kubernetes {KUBERNETES} has no such kind: {error}")
    return found


def of_controller(document, group):
    schema = schemas().get(f"{document['apiVersion']} {document['kind']}")
    if schema is None:
        return [f"{name_of(document)}: no controller has {document['apiVersion']} {document['kind']}"]
    errors = jsonschema.Draft7Validator(schema).iter_errors(document)
    return [f"{name_of(document)}: {'.'.join(map(str, error.path))}: {error.message[:300]}" for error in errors]
