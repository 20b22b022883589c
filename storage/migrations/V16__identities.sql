-- People who sign in with an identity provider.
CREATE TABLE identities (
    id        text        PRIMARY KEY,
    user_id   text        NOT NULL REFERENCES users ON DELETE CASCADE,
    issuer    text        NOT NULL,
    subject   text        NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    used_at   timestamptz,
    UNIQUE (issuer, subject)
);

CREATE INDEX identities_user ON identities (user_id, id);

CREATE TABLE invitations (
    token_hash bytea       PRIMARY KEY,
    user_id    text        NOT NULL REFERENCES users ON DELETE CASCADE,
    issuer     text        NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX invitations_user ON invitations (user_id);
CREATE INDEX invitations_expiry ON invitations (expires_at);

COMMENT ON TABLE identities IS 'One row for each account at an identity provider with which a person signs in.';
COMMENT ON COLUMN identities.id IS 'Names the row in lists and in the audit log.';
COMMENT ON COLUMN identities.user_id IS 'The person.';
COMMENT ON COLUMN identities.issuer IS 'The provider, as its tokens say it in `iss`.';
COMMENT ON COLUMN identities.subject IS 'The account, as the provider says it in `sub`: it never goes to somebody else, as a name or an e-mail address may.';
COMMENT ON COLUMN identities.linked_at IS 'Since when it opens the person''s account.';
COMMENT ON COLUMN identities.used_at IS 'The last sign-in; null before the first.';
COMMENT ON TABLE invitations IS 'One row for each link with which somebody ties their account at a provider to a user. Deleted with the first use, and after the expiry.';
COMMENT ON COLUMN invitations.token_hash IS 'SHA-256 of the token in the link. The token itself is stored nowhere.';
COMMENT ON COLUMN invitations.user_id IS 'Who is invited.';
COMMENT ON COLUMN invitations.issuer IS 'At which provider the account is.';
COMMENT ON COLUMN invitations.expires_at IS 'From when on the link does nothing.';
