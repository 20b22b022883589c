use thiserror::Error;

/// Why a client is refused.
#[derive(Debug, Error)]
pub enum AuthError {
    /// There is no `authorization` header, or it holds something else.
    #[error("`authorization` holds no bearer token")]
    Missing,
    /// Wrong signature, expired, not yet valid, or of another issuer or audience.
    #[error("the bearer token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// The token has a header that is not supported, or is too large.
    #[error("the bearer token is not valid: {reason}")]
    Unsupported { reason: &'static str },
    /// No key of the set has the `kid` of the token, or the token has none and the set several keys.
    #[error("the bearer token is signed with a key that is not known here")]
    UnknownKey,
    /// The token is valid, but does not grant the required scope.
    #[error("the bearer token does not grant the scope {wanted}")]
    Scope { wanted: String },
    /// The keys could not be fetched since the service started. The client may try again.
    #[error("the keys for bearer tokens have not been fetched yet: try again")]
    NoKeys,
}

/// The configured keys cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error(transparent)]
    Read(#[from] vru_runtime::watched_files::ReadError),
    #[error("{place} holds no RSA, P-256, P-384 or Ed25519 public key in PEM: {reason}")]
    Pem { place: String, reason: String },
    /// Not JSON, or another kind of JSON.
    #[error("{place} holds no JSON Web Key Set")]
    Jwks {
        place: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("two keys in {place} have the kid `{kid}`: each key needs its own")]
    DuplicateKid { place: String, kid: String },
    #[error("{place} holds several keys, but one of them has no kid")]
    MissingKid { place: String },
    /// `ignored`: each key that is not usable, and why.
    #[error("{place} holds no key that can verify signatures{ignored}")]
    NoUsableKey { place: String, ignored: String },
    /// A CA certificate for the JWKS URL.
    #[error(transparent)]
    Ca(#[from] vru_runtime::tls::RootsError),
    #[error("cannot fetch {url}: {reason}")]
    Fetch { url: String, reason: String },
}
