use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio_util::sync::CancellationToken;
use vru_runtime::secret::Secret;

/// The strength that NIST allows until 2030, and the largest key that the verification takes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// A key that verifies signatures, and the algorithms for which it may be used.
///
/// The algorithms depend on the key alone. If a token could choose, a forger could sign with HS256 and the text of a public key as
/// the secret.
pub(crate) struct VerificationKey {
    pub(crate) kid: Option<String>,
    pub(crate) key: DecodingKey,
    /// At least one, all of one family.
    pub(crate) algorithms: Vec<Algorithm>,
    /// The public key itself: a key that comes again with the same material is the same key. Empty for a secret, which never changes.
    material: String,
    /// Cancelled when the key is no longer trusted.
    pub(crate) revoked: CancellationToken,
}

impl VerificationKey {
    pub(crate) fn from_secret(secret: &Secret) -> Self {
        let key = DecodingKey::from_secret(secret.expose().as_bytes());
        let algorithms = vec![Algorithm::HS256];
        Self { kid: None, key, algorithms, material: String::new(), revoked: CancellationToken::new() }
    }

    /// An error says why the text holds no public key of a supported kind.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let key = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))
            .map_err(|error| error.to_string())?;
        let jwk = Jwk::from_decoding_key(&key, None).map_err(|error| error.to_string())?;
        Self::from_jwk(&jwk)
    }

    /// An error says why the key cannot be used.
    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Self, String> {
        let fitting = algorithms(&jwk.algorithm)?;
        let algorithms = match jwk.common.key_algorithm {
            None => fitting.to_vec(),
            Some(named) => {
                let named = Algorithm::try_from(named).map_err(|_| format!("its alg {named} does not sign"))?;
                if !fitting.contains(&named) {
                    return Err(format!("its alg {named:?} does not fit its kind"));
                }
                vec![named]
            }
        };
        let key = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
        let material = serde_json::to_string(&jwk.algorithm).map_err(|error| error.to_string())?;
        let kid = jwk.common.key_id.clone();
        Ok(Self { kid, key, algorithms, material, revoked: CancellationToken::new() })
    }

    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.kid == other.kid && self.material == other.material && self.algorithms == other.algorithms
    }
}

/// The algorithms of a kind of key. An error for a kind that is not supported, and for a key that is malformed or weak.
fn algorithms(parameters: &AlgorithmParameters) -> Result<&'static [Algorithm], String> {
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let bits = bits(&bytes(&rsa.n)?);
            if !RSA_BITS.contains(&bits) {
                return Err(format!("RSA of {bits} bits is not between 2048 and 4096"));
            }
            let exponent = bytes(&rsa.e)?;
            // An even exponent, or 1, makes every text a valid signature or none.
            if exponent.last().is_none_or(|last| last % 2 == 0) || self::bits(&exponent) < 2 {
                return Err("its RSA exponent is not valid".to_owned());
            }
            Ok(&RSA)
        }
        AlgorithmParameters::EllipticCurve(ec) => {
            let (algorithms, size): (&[Algorithm], _) = match ec.curve {
                EllipticCurve::P256 => (&[Algorithm::ES256], 32),
                EllipticCurve::P384 => (&[Algorithm::ES384], 48),
                _ => return Err(format!("the curve {:?} is not supported", ec.curve)),
            };
            let whole = bytes(&ec.x)?.len() == size && bytes(&ec.y)?.len() == size;
            if whole { Ok(algorithms) } else { Err("its point has the wrong length".to_owned()) }
        }
        AlgorithmParameters::OctetKeyPair(okp) => match okp.curve {
            EllipticCurve::Ed25519 if bytes(&okp.x)?.len() == 32 => Ok(&[Algorithm::EdDSA]),
            EllipticCurve::Ed25519 => Err("its point has the wrong length".to_owned()),
            _ => Err(format!("the curve {:?} is not supported", okp.curve)),
        },
        AlgorithmParameters::OctetKey(_) => {
            Err("it is a shared secret: set it as `secret` if you want to accept it".to_owned())
        }
        _ => Err("its kind is not supported".to_owned()),
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text);
    decoded.map_err(|_| "it is not in base64url".to_owned())
}

/// The length of a number, without leading zeros.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|&byte| byte != 0).map_or(&[][..], |first| &number[first..]);
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}
