use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use vru_runtime::secret::Secret;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config() -> JwtConfig {
    JwtConfig { secret: Secret::new(SECRET), leeway: Duration::from_secs(1), ..JwtConfig::default() }
}

fn sign(secret: &str, claims: &str) -> String {
    let claims = claims.replace("NOW", &get_current_timestamp().to_string());
    let claims = claims.replace("LATER", &(get_current_timestamp() + 60).to_string());
    let mut object = std::collections::BTreeMap::new();
    for pair in claims.split(',') {
        let (key, value) = pair.split_once('=').unwrap();
        let value = value.parse::<u64>().map_or_else(|_| Value::Text(value.to_owned()), Value::Number);
        object.insert(key.to_owned(), value);
    }
    encode(&Header::new(Algorithm::HS256), &object, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Value {
    Number(u64),
    Text(String),
}

fn verify(config: &JwtConfig, token: &str) -> Result<Identity, AuthError> {
    JwtVerifier::new(config).unwrap().verify(token)
}

#[test]
fn a_signed_token_in_its_time_is_taken() {
    let identity = verify(&config(), &sign(SECRET, "sub=ann,exp=LATER")).unwrap();
    assert_eq!(identity.subject, "ann");
    assert!(identity.expires_at.unwrap() > SystemTime::now());
}

#[test]
fn others_are_refused() {
    let other = "another secret of more than 32 bytes";
    for token in [
        sign(other, "sub=ann,exp=LATER"),
        sign(SECRET, "sub=ann"),
        sign(SECRET, "sub=ann,exp=1"),
        sign(SECRET, "sub=ann,exp=99999999999,nbf=99999999998"),
        // Algorithm `none`.
        "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5fQ.".to_owned(),
        "not a token".to_owned(),
    ] {
        assert!(matches!(verify(&config(), &token), Err(AuthError::Invalid(_))), "{token}");
    }
}

#[test]
fn issuer_audience_and_scope_are_asked_for_when_configured() {
    let strict = JwtConfig {
        issuer: "vru".to_owned(),
        audience: "alerts".to_owned(),
        scope: "alerts:read".to_owned(),
        ..config()
    };
    let right = "exp=LATER,iss=vru,aud=alerts,scope=a alerts:read";
    assert!(verify(&strict, &sign(SECRET, right)).is_ok());
    assert!(verify(&strict, &sign(SECRET, "exp=LATER,iss=vru,aud=alerts,role=alerts:read")).is_ok());
    assert!(verify(&strict, &sign(SECRET, "exp=LATER,aud=alerts,scope=alerts:read")).is_err());
    assert!(verify(&strict, &sign(SECRET, "exp=LATER,iss=vru,aud=other,scope=alerts:read")).is_err());
    let scope = verify(&strict, &sign(SECRET, "exp=LATER,iss=vru,aud=alerts,scope=alerts:readers"));
    assert!(matches!(scope, Err(AuthError::Scope { .. })));
}

#[test]
fn a_file_without_a_key_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = JwtConfig { public_key: file.path().to_owned(), ..JwtConfig::default() };
    let Err(error) = JwtVerifier::new(&config) else { panic!("an empty file was taken for a key") };
    assert!(error.to_string().contains(file.path().to_str().unwrap()));
}

fn openssl(args: &[&str]) {
    let output = std::process::Command::new("openssl").args(args).output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn tokens_signed_with_a_private_key_are_verified_with_its_public_one() {
    type Load = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;
    let kinds: [(Algorithm, &[&str], Load); 3] = [
        (Algorithm::RS256, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], EncodingKey::from_rsa_pem),
        (Algorithm::ES256, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], EncodingKey::from_ec_pem),
        (Algorithm::EdDSA, &["-algorithm", "ED25519"], EncodingKey::from_ed_pem),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut tokens = Vec::new();
    for (algorithm, arguments, load) in kinds {
        let (private, public) = (path(&format!("{algorithm:?}.key")), path(&format!("{algorithm:?}.pem")));
        openssl(&[&["genpkey"], arguments, &["-out", &private]].concat());
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
        let claims = std::collections::BTreeMap::from([("exp", get_current_timestamp() + 60)]);
        let key = load(&std::fs::read(&private).unwrap()).unwrap();
        let token = encode(&Header::new(algorithm), &claims, &key).unwrap();
        let config = JwtConfig { public_key: public.into(), ..JwtConfig::default() };
        verify(&config, &token).unwrap_or_else(|error| panic!("{algorithm:?}: {error:?}"));
        // A public key is no secret: signed with it as one, a token is worth nothing.
        let pem = String::from_utf8(std::fs::read(&config.public_key).unwrap()).unwrap();
        assert!(verify(&config, &sign(&pem, "exp=LATER")).is_err());
        tokens.push((config, token));
    }
    assert!(verify(&tokens[0].0, &tokens[1].1).is_err());
}
