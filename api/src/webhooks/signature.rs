//! What proves to the target that a request is ours and new: `vru-signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of
//! `SECONDS.BODY` with the secret. During a rotation there is a `v1` for each secret.

use ring::hmac;
use vru_runtime::secret::Secret;

/// The headers of a signed request.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    event_id: String,
    event: String,
    signature: String,
}

impl Signed {
    /// `now`: seconds since 1970.
    pub(crate) fn new(event_id: &str, event: &str, now: i64, secrets: &[Secret], body: &str) -> Self {
        let signed = format!("{now}.{body}");
        let mut signature = format!("t={now}");
        for secret in secrets {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
            signature += ",v1=";
            signature += &hex::encode(hmac::sign(&key, signed.as_bytes()));
        }
        Self { event_id: event_id.to_owned(), event: event.to_owned(), signature }
    }

    pub(super) fn headers(&self) -> [(&'static str, &str); 3] {
        [("vru-event-id", &self.event_id), ("vru-event", &self.event), ("vru-signature", &self.signature)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_time_and_body_for_each_secret() {
        let secrets = [Secret::new("vruhook_new"), Secret::new("vruhook_old")];
        let signed = Signed::new("a.raised", "alert.raised", 1_800_000_000, &secrets, "{\"id\":1}");
        // printf '1800000000.{"id":1}' | openssl dgst -sha256 -hmac vruhook_new
        let wanted = "t=1800000000,\
                      v1=facbb51124c5a83618e26ccb4090431ad71f562651347d7aedd449eadcb9ee4d,\
                      v1=6803ca646a1056b914e2896d8a21d7bb76e672be089ee1966395a13738140e54";
        assert_eq!(signed.signature, wanted);
        assert_eq!(signed.headers()[0], ("vru-event-id", "a.raised"));
    }
}
