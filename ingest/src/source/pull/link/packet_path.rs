//! The way of a camera's RTP packets from the link to the session of `rtspsrc`. The first packets go through the socket between both: with
//! them `rtspsrc` prepares its stream. After that the link puts the packets into the session itself, at the pad where `rtspsrc` puts them.
//! On the socket, a packet costs several system calls. Everything else stays on the socket, and so do all packets when the pad takes
//! none: `rtspsrc` then meets the same error and reports it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use parking_lot::Mutex;

use super::wire::{FRAME_HEADER, whole_frame};

/// Fixed part of an RTP header. It is different for each packet of a stream.
const RTP_HEADER: usize = 12;
/// Second byte of RTCP packets. `rtspsrc` recognizes them by it, whatever their channel is.
const RTCP: std::ops::RangeInclusive<u8> = 200..=204;

type RtpHeader = [u8; RTP_HEADER];

/// The pad at which `rtspsrc` puts RTP packets into its session, and the last one that came there. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(in crate::source::pull) struct SessionPad(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    arrived: Mutex<Option<(glib::WeakRef<gst::Pad>, RtpHeader)>>,
    /// The link knows enough.
    done: AtomicBool,
}

impl SessionPad {
    /// Notes what comes to the pad. Call it before other probes of the pad change packets.
    pub(in crate::source::pull) fn watch(&self, pad: &gst::Pad) {
        let shared = self.0.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if shared.done.load(Ordering::Acquire) {
                return gst::PadProbeReturn::Remove;
            }
            let mut header = [0; RTP_HEADER];
            if info.buffer().is_some_and(|packet| packet.copy_to_slice(0, &mut header).is_ok()) {
                *shared.arrived.lock() = Some((pad.downgrade(), header));
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// The pad, if the last packet that came to it is `header`'s.
    fn has_got(&self, header: &RtpHeader) -> Option<glib::WeakRef<gst::Pad>> {
        let arrived = self.0.arrived.lock();
        arrived.as_ref().filter(|(_, last)| last == header).map(|(pad, _)| pad.clone())
    }
}

/// Puts RTP packets into the session, or tells which ones the socket must take.
#[derive(Debug)]
pub(in crate::source::pull) struct PacketPath {
    session: SessionPad,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Preparing,
    /// `rtspsrc` has asked the camera to play.
    Asked,
    /// The socket takes the packets. Channel and header of the last one.
    Socket(Option<(u8, RtpHeader)>),
    /// The pad takes the packets of this channel.
    Pad(u8, glib::WeakRef<gst::Pad>),
    /// The socket takes the packets until the end.
    Closed,
}

impl PacketPath {
    pub(in crate::source::pull) fn new(session: SessionPad) -> Self {
        Self { session, stage: Stage::Preparing }
    }

    /// `rtspsrc` sends a request to the camera.
    pub(super) fn requested(&mut self, method: &str) {
        match (&self.stage, method) {
            (Stage::Preparing, "PLAY") => self.stage = Stage::Asked,
            (Stage::Asked | Stage::Socket(_) | Stage::Pad(..), "SETUP" | "PLAY" | "PAUSE" | "TEARDOWN") => self.close(),
            _ => {}
        }
    }

    /// `rtspsrc` gets the response to its request.
    pub(super) fn answered(&mut self, status: u16) {
        if matches!(self.stage, Stage::Asked) && status == 200 {
            self.stage = Stage::Socket(None);
        }
    }

    /// Takes whole interleaved frames in the order in which they came. Returns the parts that the socket must take.
    pub(super) fn take(&mut self, frames: &[u8]) -> Vec<Range<usize>> {
        self.switch();
        let mut for_socket: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        while let Some(frame) = whole_frame(&frames[start..]) {
            let (begin, end) = (start, start + frame.len());
            start = end;
            if self.put(frame[1], &frame[FRAME_HEADER..]) {
                continue;
            }
            match for_socket.last_mut() {
                Some(before) if before.end == begin => before.end = end,
                _ => for_socket.push(begin..end),
            }
        }
        for_socket
    }

    /// Leaves the socket when `rtspsrc` has put everything into its session that the socket took: so the order is kept.
    fn switch(&mut self) {
        if let Stage::Socket(Some((channel, last))) = &self.stage
            && let Some(pad) = self.session.has_got(last)
        {
            self.session.0.done.store(true, Ordering::Release);
            self.stage = Stage::Pad(*channel, pad);
            tracing::debug!("packets no longer go through the socket");
        }
    }

    /// False: the socket must take it.
    fn put(&mut self, channel: u8, packet: &[u8]) -> bool {
        let Some(header) = packet.first_chunk::<RTP_HEADER>().filter(|header| !RTCP.contains(&header[1])) else {
            return false;
        };
        match &mut self.stage {
            Stage::Socket(last) => *last = Some((channel, *header)),
            Stage::Pad(of_pad, pad) if *of_pad == channel => {
                let put = pad.upgrade().is_some_and(|pad| chain(&pad, packet).is_ok());
                if !put {
                    self.close();
                }
                return put;
            }
            _ => {}
        }
        false
    }

    fn close(&mut self) {
        self.session.0.done.store(true, Ordering::Release);
        self.stage = Stage::Closed;
    }
}

fn chain(pad: &gst::Pad, packet: &[u8]) -> Result<gst::FlowSuccess, gst::FlowError> {
    let mut buffer = gst::Buffer::with_size(packet.len()).map_err(|_| gst::FlowError::Error)?;
    let copied = buffer.make_mut().copy_from_slice(0, packet);
    copied.map_err(|_| gst::FlowError::Error)?;
    pad.chain(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pad of a session, and what came to it.
    fn session_pad() -> (gst::Pad, Arc<Mutex<Vec<u8>>>) {
        vru_media::init().unwrap();
        let came = Arc::<Mutex<Vec<u8>>>::default();
        let kept = came.clone();
        let pad = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(move |_, _, buffer| {
                let mut header = [0; RTP_HEADER];
                buffer.copy_to_slice(0, &mut header).unwrap();
                kept.lock().push(header[3]);
                Ok(gst::FlowSuccess::Ok)
            })
            .build();
        pad.set_active(true).unwrap();
        assert!(pad.send_event(gst::event::StreamStart::new("stream")));
        assert!(pad.send_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new())));
        (pad, came)
    }

    fn packet(kind: u8, number: u8) -> [u8; RTP_HEADER] {
        [0x80, kind, 0, number, 0, 0, 0, number, 1, 2, 3, 4]
    }

    fn frame(channel: u8, kind: u8, number: u8) -> Vec<u8> {
        [&[b'$', channel, 0, RTP_HEADER as u8][..], &packet(kind, number)].concat()
    }

    /// As `rtspsrc` does it: puts RTP packets into the session.
    fn receive(pad: &gst::Pad, bytes: &[u8]) {
        for frame in bytes.chunks(FRAME_HEADER + RTP_HEADER).filter(|frame| !RTCP.contains(&frame[5])) {
            chain(pad, &frame[FRAME_HEADER..]).unwrap();
        }
    }

    struct Camera {
        path: PacketPath,
        pad: gst::Pad,
        came: Arc<Mutex<Vec<u8>>>,
    }

    impl Camera {
        fn playing() -> Self {
            let (pad, came) = session_pad();
            let session = SessionPad::default();
            session.watch(&pad);
            let mut path = PacketPath::new(session);
            path.requested("SETUP");
            path.answered(200);
            path.requested("PLAY");
            path.answered(200);
            Self { path, pad, came }
        }

        /// What the socket must take of the frames.
        fn send(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
            let frames = frames.concat();
            self.path.take(&frames).into_iter().flat_map(|part| frames[part].to_vec()).collect()
        }

        fn came(&self) -> Vec<u8> {
            self.came.lock().clone()
        }
    }

    #[test]
    fn packets_come_to_the_session_in_order_and_once_by_the_socket_and_then_without_it() {
        let mut camera = Camera::playing();
        let first = camera.send(&[frame(0, 96, 1), frame(1, 200, 0), frame(0, 96, 2)]);
        assert_eq!(first, [frame(0, 96, 1), frame(1, 200, 0), frame(0, 96, 2)].concat());
        // `rtspsrc` has not read all of it.
        receive(&camera.pad, &first[..32]);
        let second = camera.send(&[frame(0, 96, 3)]);
        assert_eq!(second, frame(0, 96, 3));
        receive(&camera.pad, &[&first[32..], &second[..]].concat());
        assert_eq!(camera.came(), [1, 2, 3]);

        // Reports, other channels, and what is too short stay on the socket.
        let (short, report, other) = (vec![b'$', 0, 0, 1, 7], frame(0, 201, 0), frame(4, 96, 9));
        // With the marker bit.
        let marked = frame(0, 0xe0, 5);
        let sent = [frame(0, 96, 4), short.clone(), report.clone(), marked, other.clone(), frame(0, 96, 6)];
        assert_eq!(camera.send(&sent), [short, report, other].concat());
        assert_eq!(camera.came(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_socket_takes_the_packet_that_the_pad_refuses_and_all_after_it() {
        let mut camera = Camera::playing();
        let first = camera.send(&[frame(0, 96, 1)]);
        receive(&camera.pad, &first);
        assert!(camera.send(&[frame(0, 96, 2)]).is_empty());
        camera.pad.set_active(false).unwrap();
        let refused = [frame(0, 96, 3), frame(0, 96, 4)];
        assert_eq!(camera.send(&refused), refused.concat());
        camera.pad.set_active(true).unwrap();
        assert_eq!(camera.send(&[frame(0, 96, 5)]), frame(0, 96, 5));
        assert_eq!(camera.came(), [1, 2]);
    }

    #[test]
    fn the_socket_takes_packets_before_the_camera_plays_and_after_it_is_told_to_end() {
        let (pad, came) = session_pad();
        let session = SessionPad::default();
        session.watch(&pad);
        let mut camera = Camera { path: PacketPath::new(session), pad, came };
        for asked in [None, Some("SETUP"), Some("PLAY")] {
            if let Some(method) = asked {
                camera.path.requested(method);
            }
            let early = camera.send(&[frame(0, 96, 1)]);
            receive(&camera.pad, &early);
            assert_eq!(camera.send(&[frame(0, 96, 1)]), frame(0, 96, 1), "after {asked:?}");
        }
        camera.path.answered(200);
        let first = camera.send(&[frame(0, 96, 2)]);
        receive(&camera.pad, &first);
        camera.path.requested("GET_PARAMETER");
        assert!(camera.send(&[frame(0, 96, 3)]).is_empty());
        camera.path.requested("TEARDOWN");
        assert_eq!(camera.send(&[frame(0, 96, 4)]), frame(0, 96, 4));
    }

    #[test]
    fn a_session_that_is_gone_leaves_packets_to_the_socket() {
        let mut camera = Camera::playing();
        let first = camera.send(&[frame(0, 96, 1)]);
        receive(&camera.pad, &first);
        let Camera { mut path, pad, .. } = camera;
        drop(pad);
        let next = frame(0, 96, 2);
        let for_socket = path.take(&next);
        assert_eq!((for_socket.len(), for_socket[0].clone()), (1, 0..next.len()));
    }
}
