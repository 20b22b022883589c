# shellcheck shell=bash
# Sourced: this job's identity for AWS. The token is GitLab's, for this job; AWS gives the role $AWS_ROLE_ARN for it, for an hour.

: "${AWS_ROLE_ARN:?is the role of this environment, a variable of the project}"
: "${AWS_ID_TOKEN:?comes with the id_tokens of the job}"
AWS_WEB_IDENTITY_TOKEN_FILE=$(umask 077 && mktemp)
printf '%s' "$AWS_ID_TOKEN" >"$AWS_WEB_IDENTITY_TOKEN_FILE"
AWS_ROLE_SESSION_NAME=gitlab-${CI_PROJECT_ID:-0}-${CI_JOB_ID:-0}
export AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_SESSION_NAME
