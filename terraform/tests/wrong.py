"""Mistakes that people make: each is put into a copy of what is right, and must be found, by its words."""

import copy
import re
import shutil

import agree
import checks
import form
import security
from mistakes import CHECKOV, FORM, TESTS, VALIDATE
from render import render
from wrong_agreement import AGREEMENT
from world import World


def change(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    if text.count(old) < 1:
        raise SystemExit(f"mistakes.py: {file} has no {old!r}")
    path.write_text(text.replace(old, new, 1))


def tried(workspace, number, kind, base, mistake, check):
    what, folder, file, old, new, words = mistake
    # With what `terraform init` has made there; modules of Terraform know each other by relative paths.
    place = f"wrong-{kind}-{number}"
    shutil.copytree(workspace.folder / base, workspace.folder / place, symlinks=True)
    change(workspace.folder / place / folder, file, old, new)
    said = check(place)
    shutil.rmtree(workspace.folder / place)
    return [] if re.search(words, said) else [f"a mistake was not found: {what}; it was said: {said or 'nothing'}"]


def by_validate(workspace, number, mistake):
    def check(place):
        return workspace.run(f"{place}/{mistake[1]}", "validate", "-no-color")[1].replace("\n", " ")

    return tried(workspace, number, "validate", "real", mistake, check)


def by_test(workspace, number, mistake):
    def check(place):
        return checks.short(workspace.run(f"{place}/{mistake[1]}", "test", "-no-color")[1])

    return tried(workspace, number, "test", "mocked", mistake, check)


def by_checkov(workspace):
    """All at once: checkov starts slowly."""
    place = workspace.folder / "wrong-checkov"
    shutil.copytree(workspace.folder / "real", place, symlinks=True, ignore=shutil.ignore_patterns("environment", "envs", "bootstrap"))
    for _, folder, file, old, new, _ in CHECKOV:
        change(place / folder, file, old, new)
    said = "\n".join(security.problems(place, {}))
    return [f"a mistake was not found: {what}" for what, *_, words in CHECKOV if not re.search(words, said)]


def by_form(workspace):
    found = []
    for number, mistake in enumerate(FORM):
        found += tried(workspace, number, "form", "real", mistake, lambda place: "\n".join(form.problems(workspace.folder / place)))
    return found


def by_agreement(workspace):
    given, base, found = agree.outputs(workspace, "production"), render("production"), []
    for what, harm, words in AGREEMENT:
        account, world = copy.deepcopy(given), World(copy.deepcopy(base))
        harm(account, world)
        said = "\n".join(agree.problems("production", account, world))
        if not re.search(words, said):
            found.append(f"a mistake was not found: {what}; it was said: {said or 'nothing'}")
    return found


def missed(workspace, threads):
    """Mistakes that were not found, and how many were tried."""
    jobs = [threads.submit(by_checkov, workspace), threads.submit(by_agreement, workspace), threads.submit(by_form, workspace)]
    jobs += [threads.submit(by_validate, workspace, number, mistake) for number, mistake in enumerate(VALIDATE)]
    jobs += [threads.submit(by_test, workspace, number, mistake) for number, mistake in enumerate(TESTS)]
    return [each for job in jobs for each in job.result()], len(VALIDATE) + len(TESTS) + len(CHECKOV) + len(FORM) + len(AGREEMENT)
