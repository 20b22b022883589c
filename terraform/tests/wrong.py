"""Mistakes that people make: each is put into a copy of what is right, and must be found, by its words."""

import copy
import re
import shutil

import agree
import checks
import form
import security
from mistakes import CHECKOV, ERRORS, FORM, TESTS, VALIDATE
from render import render
from wrong_agreement import AGREEMENT
from world import World


def change(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    if text.count(old) < 1:
        raise SystemExit(f"mistakes.py: {file} has no {old!r}")
    path.write_text(text.replace(old, new, 1))


def tried(workspace, place, base, mistakes, check):
    """Those of the mistakes, which are made together, that the check does not find."""
    if mistakes is not FORM:
        workspace.initialised(f"{base}/{mistakes[0][1]}")
    # With what `terraform init` has made there; modules of Terraform know each other by relative paths.
    shutil.copytree(workspace.folder / base, workspace.folder / place, symlinks=True)
    for _, folder, file, old, new, _ in mistakes:
        change(workspace.folder / place / folder, file, old, new)
    said = check(place)
    shutil.rmtree(workspace.folder / place)
    return [f"a mistake was not found: {what}; it was said: {said or 'nothing'}" for what, *_, words in mistakes if not re.search(words, said)]


def by_validate(workspace, number, mistake):
    def check(place):
        return checks.short(workspace.run(f"{place}/{mistake[1]}", "validate", "-no-color")[1])

    return tried(workspace, f"wrong-validate-{number}", "real", [mistake], check)


def by_test(workspace, number, mistakes):
    def check(place):
        return checks.short(workspace.run(f"{place}/{mistakes[0][1]}", "test", "-no-color")[1])

    return tried(workspace, f"wrong-test-{number}", "mocked", mistakes, check)


def batches(mistakes):
    """Mistakes of one module, each with words of its own."""
    found = []
    for mistake in mistakes:
        for batch in found:
            if batch[0][1] == mistake[1] and mistake[5] not in [each[5] for each in batch]:
                batch.append(mistake)
                break
        else:
            found.append([mistake])
    return found


def by_checkov(workspace):
    """All at once: checkov starts slowly."""
    place = workspace.folder / "wrong-checkov"
    shutil.copytree(workspace.folder / "real", place, symlinks=True, ignore=shutil.ignore_patterns("environment", "envs", "bootstrap"))
    for _, folder, file, old, new, _ in CHECKOV:
        change(place / folder, file, old, new)
    said = "\n".join(security.problems(place, {}))
    return [f"a mistake was not found: {what}" for what, *_, words in CHECKOV if not re.search(words, said)]


def by_form(workspace):
    return tried(workspace, "wrong-form", "real", FORM, lambda place: "\n".join(form.problems(workspace.folder / place)))


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
    jobs += [threads.submit(by_test, workspace, number, batch) for number, batch in enumerate([*batches(TESTS), *([each] for each in ERRORS)])]
    return [each for job in jobs for each in job.result()], len(VALIDATE) + len(TESTS) + len(ERRORS) + len(CHECKOV) + len(FORM) + len(AGREEMENT)
