//! Cameras that speak as a file in `tests/dialogues/` says; its README describes the files.

use std::collections::HashMap;
use std::path::Path;

use super::login::{LoginScript, Offer, fields, is_right};
use super::stream::{RecordedStream, SSRC};

/// How a camera speaks, and what must come of it.
#[derive(Debug)]
pub struct Dialogue {
    pub name: String,
    settings: Vec<(String, String)>,
    sections: Vec<Section>,
    login: Option<LoginScript>,
    /// How it sends its pictures.
    pub rtp: RtpStyle,
}

#[derive(Debug)]
struct Section {
    /// `*` is any.
    method: String,
    /// It answers requests whose log-in is missing or wrong.
    without_login: bool,
    text: String,
}

impl Dialogue {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, rest) = text.split_once("\n> ").expect("an answer");
        let setting =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let settings: Vec<_> = head.lines().filter(|line| !line.starts_with('#')).filter_map(setting).collect();
        let sections = rest.split("\n> ").map(Section::parse).collect();
        let get = |name: &str| settings.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let login = get("login").map(|login| {
            let [username, password, realm] = login.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{login}") };
            LoginScript {
                realm: realm.to_owned(),
                ..LoginScript::new(username, password, &[Offer::Oldest, Offer::Digest("MD5")])
            }
        });
        let rtp = RtpStyle::parse(get("rtp").unwrap_or_default());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self { name, settings, sections, login, rtp }
    }

    /// The values of a setting, in the order of the file.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.settings.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub fn setting(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub fn login(&self) -> Option<&LoginScript> {
        self.login.as_ref()
    }
}

impl Section {
    fn parse(text: &str) -> Self {
        let (title, text) = text.split_once('\n').expect("the answer follows");
        let (method, without_login) = match title.strip_suffix(" without login") {
            Some(method) => (method, true),
            None => (title, false),
        };
        Self { method: method.trim().to_owned(), without_login, text: text.trim_end_matches('\n').to_owned() }
    }
}

/// What a camera says.
pub struct Spoken {
    pub bytes: Vec<u8>,
    /// The request was not refused for its log-in.
    pub granted: bool,
    /// The stream begins.
    pub plays: bool,
}

/// The state of one connection.
#[derive(Debug, Default)]
pub struct Speaker {
    asked: HashMap<String, usize>,
    nonce: u32,
    nonce_uses: usize,
}

impl Speaker {
    pub fn answer(&mut self, dialogue: &Dialogue, stream: &RecordedStream, request: &str, transport: &str) -> Spoken {
        let mut words = request.split_ascii_whitespace();
        let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let matches = |section: &&Section| section.method == method || section.method == "*";
        let refusal = dialogue.sections.iter().find(|section| section.without_login && matches(section));
        let section = match refusal {
            Some(refusal) if !self.grants(dialogue, request) => Some(refusal),
            _ => {
                let sections: Vec<_> =
                    dialogue.sections.iter().filter(|section| !section.without_login && matches(section)).collect();
                let asked = self.asked.entry(method.to_owned()).or_default();
                *asked += 1;
                sections.get((*asked).min(sections.len()).saturating_sub(1)).copied()
            }
        };
        let granted = section.is_none_or(|section| !section.without_login);
        let text = section.map_or("RTSP/1.0 200 OK\nCSeq: {cseq}", |section| section.text.as_str());
        if text.contains("{nonce}") {
            self.nonce += 1;
            self.nonce_uses = 0;
        }
        let cseq = request.lines().find_map(|line| line.strip_prefix("CSeq:")).unwrap_or_default().trim();
        let host = url.split('/').nth(2).unwrap_or_default();
        let mut sets = stream.parameter_sets.split(',');
        let filled = text
            .replace("{cseq}", cseq)
            .replace("{host}", host)
            .replace("{url}", url)
            .replace("{nonce}", &self.nonce())
            .replace("{transport}", transport)
            .replace("{ssrc}", &format!("{SSRC:08x}"))
            .replace("{sets}", &stream.parameter_sets)
            .replace("{sps}", sets.next().unwrap_or_default())
            .replace("{pps}", sets.next().unwrap_or_default())
            .replace("{space}", " ")
            .replace("{blank}", "\r\n")
            .replace("{tab}", "\t");
        let end = if dialogue.setting("lines") == Some("lf") { "\n" } else { "\r\n" };
        let (head, body) = filled.split_once("\n\n").unwrap_or((&filled, ""));
        let lines = |text: &str| text.lines().flat_map(|line| [line, end]).collect::<String>();
        let body = lines(body);
        let head = lines(head)
            .replace("{length}", &body.len().to_string())
            .replace("{length-2}", &body.len().saturating_sub(2).to_string());
        let plays = granted && method == "PLAY" && head.split(' ').nth(1) == Some("200");
        let mut bytes = if plays { dialogue.rtp.stray_data() } else { Vec::new() };
        bytes.extend(format!("{head}{end}{body}").into_bytes());
        Spoken { bytes, granted, plays }
    }

    fn nonce(&self) -> String {
        format!("{:08x}", 0x5e1f_0000 + self.nonce)
    }

    fn grants(&mut self, dialogue: &Dialogue, request: &str) -> bool {
        let Some(login) = &dialogue.login else { return true };
        let Some(header) = request.lines().find_map(|line| line.strip_prefix("Authorization: ")) else { return false };
        let most = dialogue.setting("nonce-uses").map_or(usize::MAX, |uses| uses.parse().unwrap());
        let fresh = fields(header).get("nonce") == Some(&self.nonce()) && self.nonce_uses < most;
        self.nonce_uses += 1;
        fresh && is_right(login, header, request)
    }
}

/// How a camera packs its pictures.
#[derive(Debug, Default)]
pub struct RtpStyle {
    /// The profile of a header extension of eight bytes.
    extension: Option<u16>,
    padding: u8,
    payload_type: Option<u8>,
    /// Each access unit begins with a delimiter and a message.
    delimiters: bool,
    /// The parameter sets are in the session description only.
    no_sets: bool,
    /// Channel of the RTP packets.
    pub channel: u8,
    /// The first picture comes before the response to PLAY.
    pub early: bool,
    /// Another source sends after so many pictures.
    pub sources: Option<usize>,
    /// A channel that was never set up, on which data comes before the response to PLAY.
    stray: Option<u8>,
}

impl RtpStyle {
    fn parse(text: &str) -> Self {
        let mut style = Self::default();
        for word in text.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "extension" => style.extension = Some(u16::from_str_radix(value, 16).unwrap()),
                "padding" => style.padding = value.parse().unwrap(),
                "payload-type" => style.payload_type = Some(value.parse().unwrap()),
                "delimiters" => style.delimiters = true,
                "no-sets" => style.no_sets = true,
                "channel" => style.channel = value.parse().unwrap(),
                "early" => style.early = true,
                "sources" => style.sources = Some(value.parse().unwrap()),
                "stray" => style.stray = Some(value.parse().unwrap()),
                _ => panic!("unknown word {word} in `rtp`"),
            }
        }
        style
    }

    fn stray_data(&self) -> Vec<u8> {
        self.stray.map(|channel| [&[b'$', channel, 0, 16][..], &[0; 16]].concat()).unwrap_or_default()
    }

    /// The packets of one picture as this camera sends them.
    pub fn picture(&self, mut packets: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        if self.no_sets {
            packets.retain(|packet| !matches!(packet[12] & 0x1f, 7 | 8));
        }
        if self.delimiters {
            let unit = |bytes: &[u8]| [&[0x80, packets[0][1] & 0x7f][..], &[0; 10], bytes].concat();
            let message = unit(&[6, 5, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x2a, 0x80]);
            packets.splice(0..0, [unit(&[9, 0xf0]), message]);
        }
        for packet in &mut packets {
            if let Some(payload_type) = self.payload_type {
                packet[1] = packet[1] & 0x80 | payload_type;
            }
            if let Some(profile) = self.extension {
                packet[0] |= 0x10;
                let words = [&profile.to_be_bytes()[..], &[0, 2], &[0xec; 8]].concat();
                packet.splice(12..12, words);
            }
            if self.padding > 0 {
                packet[0] |= 0x20;
                packet.extend(vec![0; usize::from(self.padding) - 1]);
                packet.push(self.padding);
            }
        }
        packets
    }
}
