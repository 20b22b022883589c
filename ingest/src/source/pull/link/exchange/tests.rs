use super::super::wire::{Framer, Piece};
use super::*;
use vru_runtime::secret::Secret;

fn message(text: &str) -> Message {
    let mut framer = Framer::default();
    framer.buffer().extend_from_slice(text.as_bytes());
    match framer.next() {
        Ok(Some(Piece::Message(message))) => message,
        other => panic!("{text}: {other:?}"),
    }
}

fn exchange(login: bool) -> Exchange {
    let login = login.then(|| Login { username: "viewer".to_owned(), password: Secret::new("geheim") });
    Exchange::new("rtsp://127.0.0.1:1/t".to_owned(), "rtsp://cam/live?x=1".to_owned(), login)
}

fn ask(exchange: &mut Exchange, method: &str, client: u32) -> Message {
    let request = message(&format!("{method} rtsp://127.0.0.1:1/t/track1 RTSP/1.0\r\nCSeq: {client}\r\n\r\n"));
    message(&String::from_utf8(exchange.request(request).unwrap()).unwrap())
}

fn answer(exchange: &mut Exchange, to: &Message, status: &str, more: &str) -> Result<Next, LinkError> {
    let cseq = to.header("CSeq").unwrap();
    exchange.response(message(&format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{more}\r\n")), IpAddr::from([10, 0, 0, 5]))
}

fn asked(next: Result<Next, LinkError>) -> Message {
    match next.unwrap() {
        Next::Ask(bytes) => message(&String::from_utf8(bytes).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn passed(next: Result<Next, LinkError>) -> Message {
    match next.unwrap() {
        Next::Pass(bytes) => message(&String::from_utf8(bytes).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn challenge(nonce: &str, more: &str) -> String {
    format!("WWW-Authenticate: Digest realm=\"cam\", nonce=\"{nonce}\"{more}\r\n")
}

#[test]
fn urls_and_numbers_are_translated_and_the_log_in_is_added_once_it_is_asked_for() {
    let mut exchange = exchange(true);
    let first = ask(&mut exchange, "DESCRIBE", 7);
    assert_eq!(first.start, "DESCRIBE rtsp://cam/live?x=1/track1 RTSP/1.0");
    assert_eq!((first.header("CSeq"), first.header("Authorization")), (Some("1"), None));
    let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
    assert_eq!(second.header("CSeq"), Some("2"));
    assert!(second.header("Authorization").unwrap().contains("nonce=\"a\""));
    let described = passed(answer(&mut exchange, &second, "200 OK", ""));
    assert_eq!((described.header("CSeq"), described.header("Content-Base")), (Some("7"), Some("rtsp://cam/live?x=1")));
    let set_up = ask(&mut exchange, "SETUP", 8);
    assert!(set_up.header("Authorization").is_some());
    let done = passed(answer(&mut exchange, &set_up, "200 OK", "Transport: RTP/AVP;unicast;client_port=2-3\r\n"));
    assert_eq!(done.header("Transport"), Some("RTP/AVP;unicast;client_port=2-3;source=10.0.0.5"));
}

#[test]
fn a_wrong_log_in_is_tried_once_whatever_nonces_come() {
    for (name, more) in [("a", ""), ("b", ""), ("a", ", stale=true")] {
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "OPTIONS", 1);
        let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
        let refused = answer(&mut exchange, &second, "401 Unauthorized", &challenge(name, more));
        assert!(matches!(refused, Err(LinkError::Refused(_))), "{name} {more}: {refused:?}");
    }
    let mut exchange = exchange(true);
    let first = ask(&mut exchange, "OPTIONS", 1);
    let second = asked(answer(&mut exchange, &first, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"));
    assert!(matches!(answer(&mut exchange, &second, "403 Forbidden", ""), Err(LinkError::Refused(_))));
}

#[test]
fn a_new_nonce_during_a_session_is_not_a_failed_log_in() {
    for more in [", stale=true", ", stale=\"FALSE\"", ""] {
        let mut exchange = exchange(true);
        let first = ask(&mut exchange, "OPTIONS", 1);
        let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
        passed(answer(&mut exchange, &second, "200 OK", ""));
        for nonce in ["b", "c"] {
            let keep_alive = ask(&mut exchange, "GET_PARAMETER", 2);
            let again = asked(answer(&mut exchange, &keep_alive, "401 Unauthorized", &challenge(nonce, more)));
            assert!(again.header("Authorization").unwrap().contains(&format!("nonce=\"{nonce}\"")));
            passed(answer(&mut exchange, &again, "200 OK", ""));
        }
        // The password was changed: it is tried with the new nonce, and then no more.
        let keep_alive = ask(&mut exchange, "GET_PARAMETER", 3);
        let again = asked(answer(&mut exchange, &keep_alive, "401 Unauthorized", &challenge("d", more)));
        let refused = answer(&mut exchange, &again, "401 Unauthorized", &challenge("e", ", stale=true"));
        assert!(matches!(refused, Err(LinkError::Refused(_))), "{refused:?}");
    }
}

#[test]
fn a_session_that_plays_is_kept_alive_by_the_method_that_the_camera_knows() {
    let mut exchange = exchange(false);
    for (method, more) in [("SETUP", "Session: ab;timeout=30\r\n"), ("PLAY", "Session: ab\r\n")] {
        assert!(exchange.keep_alive().is_none() && exchange.longest_silence().is_none(), "before {method}");
        let asked = ask(&mut exchange, method, 1);
        passed(answer(&mut exchange, &asked, "200 OK", more));
    }
    assert_eq!(exchange.longest_silence(), Some(Duration::from_secs(15)));
    for (wanted, status) in [("GET_PARAMETER", "501 Not Implemented"), ("OPTIONS", "200 OK"), ("OPTIONS", "200 OK")] {
        let kept = message(&String::from_utf8(exchange.keep_alive().unwrap()).unwrap());
        assert_eq!(kept.method_and_uri(), (wanted, "rtsp://cam/live?x=1/track1"));
        assert_eq!(kept.header("Session"), Some("ab"));
        assert!(exchange.keep_alive().is_none(), "two wait for a response");
        assert_eq!(answer(&mut exchange, &kept, status, "").unwrap(), Next::Nothing);
    }
    let asked = ask(&mut exchange, "TEARDOWN", 2);
    passed(answer(&mut exchange, &asked, "200 OK", ""));
    assert!(exchange.keep_alive().is_none());
}

#[test]
fn unknown_methods_and_missing_credentials_are_named() {
    let mut exchange = exchange(true);
    let first = ask(&mut exchange, "DESCRIBE", 1);
    let error = answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", ", algorithm=SHA-1")).unwrap_err();
    assert!(matches!(&error, LinkError::Unsupported(names) if names == "Digest SHA-1"), "{error:?}");
    let mut exchange = self::exchange(false);
    let first = ask(&mut exchange, "DESCRIBE", 1);
    let error = answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")).unwrap_err();
    assert!(matches!(error, LinkError::Missing), "{error:?}");
}

#[test]
fn a_redirect_starts_again_without_a_log_in() {
    let mut exchange = exchange(true);
    let first = ask(&mut exchange, "DESCRIBE", 1);
    let second = asked(answer(&mut exchange, &first, "401 Unauthorized", &challenge("a", "")));
    let next = answer(&mut exchange, &second, "302 Moved", "Location: rtsp://cam:9/new\r\n").unwrap();
    assert_eq!(next, Next::Redirect("rtsp://cam:9/new".to_owned()));
    let again = message(&String::from_utf8(exchange.redirected("rtsp://cam:9/new".to_owned())).unwrap());
    assert_eq!(again.start, "DESCRIBE rtsp://cam:9/new/track1 RTSP/1.0");
    assert!(again.header("Authorization").is_none());
}
