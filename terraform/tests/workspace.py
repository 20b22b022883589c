"""A copy of terraform/ in which Terraform runs with the stub provider: nothing is left behind in the repository."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("VRU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vru")
SOURCE = ROOT / "terraform"
# Setup builds one where the machine has none, or one that does not fit.
PROGRAM = CACHE / "bin/terraform" if (CACHE / "bin/terraform").exists() else "terraform"
# Modules with ephemeral values, which mocks of Terraform do not have: tests of others use what is in mocks/ instead.
MOCKED = sorted(path.name for path in (SOURCE / "tests/mocks").iterdir())
TYPE = re.compile(r'^(?:resource|data|ephemeral) "(aws_\w+)"', re.MULTILINE)
IGNORED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "terraform.tfvars", "__pycache__", "stub-provider")


class Workspace:
    def __init__(self):
        # What environments give, which two checks ask for.
        self.outputs = {}
        self.locks = defaultdict(threading.Lock)
        self.holder = tempfile.TemporaryDirectory(prefix="vru-terraform-")
        self.folder = Path(self.holder.name)
        shutil.copytree(SOURCE, self.folder / "real", ignore=IGNORED)
        shutil.copytree(SOURCE, self.folder / "mocked", ignore=IGNORED)
        for name in MOCKED:
            shutil.rmtree(self.folder / "mocked/modules" / name)
            shutil.copytree(SOURCE / "tests/mocks" / name, self.folder / "mocked/modules" / name)
        types = {name for path in SOURCE.rglob("*.tf") for name in TYPE.findall(path.read_text())}
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("TF_", "AWS_"))},
            "TF_CLI_CONFIG_FILE": str(CACHE / "terraform/terraformrc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            # Terraform lives for a second: it may collect its garbage less often.
            "GOGC": "400",
            "VRU_STUB_TYPES": ",".join(sorted(types)),
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.cleanup()

    def run(self, folder, *arguments, **more):
        """Return code and output of Terraform."""
        command = [PROGRAM, *arguments]
        done = subprocess.run(command, cwd=self.folder / folder, env={**self.environment, **more}, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def initialised(self, folder):
        """What `terraform init` says, if it fails."""
        with self.locks[folder]:
            return None if (self.folder / folder / ".terraform").exists() else self.init(folder)

    def init(self, folder):
        code, said = self.run(folder, "init", "-backend=false", "-input=false", "-no-color")
        return said if code else None


def modules():
    return sorted(path.name for path in (SOURCE / "modules").iterdir() if path.is_dir())


def roots():
    """What is applied: environments, and what comes before them."""
    return ["bootstrap", *sorted(f"envs/{path.name}" for path in (SOURCE / "envs").iterdir() if path.is_dir())]
