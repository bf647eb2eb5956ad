//! str0m, a second implementation of ICE, SRTP and RTP, connects to the worker and exchanges media with it, in
//! virtual time and without sockets. (Its DTLS is the library that we use as well; aiortc's is OpenSSL.)

mod pair;

use std::time::{Duration, Instant as SystemInstant};

use entente_media::config::Config;
use entente_media::dtls::{Certificate, Version};
use entente_media::types::{
    Command, Event, Fingerprint, IceRole, Instant, PeerId, RemoteParameters, Secret, Setup, Source,
};
use entente_media::worker::Worker;
use entente_media::worker::probe::Probe;
use pair::{ROOM, at_server, client_address, credentials, server_address};
use str0m::config::DtlsVersion;
use str0m::media::MediaKind;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, IceCreds, Input, Output, Rtc, RtcConfig};

const PEER: PeerId = PeerId(4);
const THEIR_SSRC: u32 = 77;
const OUR_SSRC: u32 = 88;
const OPUS: u8 = 111;

/// The worker and a str0m peer on one wire with one clock.
struct Wire {
    start: SystemInstant,
    now: Instant,
    worker: Worker<Probe>,
    rtc: Rtc,
    events: Vec<Event>,
    received: Vec<Vec<u8>>,
}

fn peer(version: DtlsVersion, start: SystemInstant, worker: &Certificate) -> Rtc {
    let mut rtc = RtcConfig::new()
        .set_rtp_mode(true)
        .set_dtls_version(version)
        .build(start);
    rtc.add_local_candidate(Candidate::host(client_address(), "udp").unwrap());
    rtc.add_remote_candidate(Candidate::host(server_address(), "udp").unwrap());
    let ours = credentials("server");
    let fingerprint = worker.fingerprint();
    let mut api = rtc.direct_api();
    api.set_remote_fingerprint(str0m::config::Fingerprint {
        hash_func: fingerprint.hash,
        bytes: fingerprint.value,
    });
    api.set_remote_ice_credentials(IceCreds {
        ufrag: ours.ufrag,
        pass: ours.pwd,
    });
    api.set_ice_controlling(true);
    api.start_dtls(true).unwrap();
    api.declare_media("aud".into(), MediaKind::Audio);
    api.declare_stream_tx(Ssrc::from(THEIR_SSRC), None, "aud".into(), None);
    api.expect_stream_rx(Ssrc::from(OUR_SSRC), None, "aud".into(), None);
    rtc
}

fn admission(rtc: &mut Rtc) -> Command {
    let api = rtc.direct_api();
    let theirs = api.local_ice_credentials();
    let fingerprint = api.local_dtls_fingerprint().clone();
    let fingerprints = vec![Fingerprint {
        hash: fingerprint.hash_func,
        value: fingerprint.bytes,
    }];
    Command::AddPeer {
        peer: PEER,
        room: ROOM,
        local: credentials("server"),
        remote: RemoteParameters {
            ufrag: theirs.ufrag,
            pwd: Secret(theirs.pass),
            fingerprints,
        },
        setup: Setup::Passive,
        role: IceRole::Lite,
        candidate: None,
        allowance: None,
        publish: Source::ALL.to_vec(),
        sections: vec![],
    }
}

impl Wire {
    fn new(ours: Version, theirs: DtlsVersion) -> Self {
        str0m::crypto::from_feature_flags().install_process_default();
        let start = SystemInstant::now();
        let config = Config {
            dtls: ours,
            ..Config::new(start, Duration::ZERO, [5; 32])
        };
        let certificate = Certificate::generate().unwrap();
        let mut rtc = peer(theirs, start, &certificate);
        let mut worker = Worker::new(&config, certificate, Probe::default()).unwrap();
        worker
            .handle_command(Instant::ZERO, admission(&mut rtc))
            .unwrap();
        Self {
            start,
            now: Instant::ZERO,
            worker,
            rtc,
            events: vec![],
            received: vec![],
        }
    }

    fn system(&self) -> SystemInstant {
        self.start + self.now.since(Instant::ZERO)
    }

    /// Moves both on, a millisecond at a time, until `done` or too late.
    fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..5_000 {
            if done(self) {
                return;
            }
            self.now += Duration::from_millis(1);
            self.rtc
                .handle_input(Input::Timeout(self.system()))
                .unwrap();
            self.take_from_peer();
            if self.worker.poll_timeout() <= self.now {
                self.worker.handle_timeout(self.now);
            }
            self.give_to_peer();
            self.events
                .extend(std::iter::from_fn(|| self.worker.poll_event()));
        }
        panic!(
            "nothing happened within five seconds: {:?}",
            self.worker.drops()
        );
    }

    fn take_from_peer(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Transmit(transmit) => {
                    self.worker.handle_datagram(
                        self.now,
                        at_server(),
                        &mut transmit.contents.to_vec(),
                    );
                }
                Output::Event(str0m::Event::RtpPacket(packet)) => {
                    self.received.push(packet.payload.to_vec())
                }
                Output::Event(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    fn give_to_peer(&mut self) {
        self.worker.flush();
        let datagrams: Vec<Vec<u8>> = self
            .worker
            .transmits()
            .flat_map(|run| {
                run.bytes
                    .chunks(run.segment)
                    .map(<[u8]>::to_vec)
                    .collect::<Vec<_>>()
            })
            .collect();
        self.worker.sent();
        for datagram in datagrams {
            let receive =
                Receive::new(Protocol::Udp, server_address(), client_address(), &datagram).unwrap();
            self.rtc
                .handle_input(Input::Receive(self.system(), receive))
                .unwrap();
            self.take_from_peer();
        }
    }

    fn connected(&self) -> Option<(&str, &str)> {
        self.events.iter().find_map(|event| match event {
            Event::Connected { dtls, profile, .. } => Some((&dtls[..], &profile[..])),
            _ => None,
        })
    }
}

#[test]
fn str0m_and_the_worker_exchange_media_in_both_versions() {
    for (ours, theirs, name) in [
        (Version::V12, DtlsVersion::Dtls12, "1.2"),
        (Version::V12, DtlsVersion::Auto, "1.2"),
        (Version::Auto, DtlsVersion::Auto, "1.3"),
        (Version::Auto, DtlsVersion::Dtls12, "1.2"),
        (Version::V13, DtlsVersion::Dtls13, "1.3"),
    ] {
        let mut wire = Wire::new(ours, theirs);
        wire.run_until(|wire| wire.connected().is_some() && wire.rtc.is_connected());
        assert_eq!(wire.connected(), Some((name, "SRTP_AEAD_AES_256_GCM")));

        let at = wire.system();
        for n in 0..20u64 {
            let write = RtpWrite::new(
                OPUS.into(),
                (65_530 + n).into(),
                960 * n as u32,
                at,
                vec![n as u8; 40],
            );
            wire.rtc
                .direct_api()
                .stream_tx(&Ssrc::from(THEIR_SSRC))
                .unwrap()
                .write_rtp(write);
            wire.worker
                .media_mut()
                .to_send
                .push_back((PEER, 12, ours_rtp(n as u16)));
        }
        wire.run_until(|wire| wire.worker.media().rtp.len() >= 20 && wire.received.len() >= 20);
        let plain: Vec<&[u8]> = wire
            .worker
            .media()
            .rtp
            .iter()
            .map(|(_, packet)| &packet[packet.len() - 40..])
            .collect();
        assert!((0..20u8).all(|n| plain.contains(&&[n; 40][..])));
        assert!((0..20u8).all(|n| wire.received.contains(&vec![n; 30])));
    }
}

/// A packet of ours around the rollover of the sequence number.
fn ours_rtp(n: u16) -> Vec<u8> {
    let mut packet = pair::rtp(65_525u16.wrapping_add(n), OUR_SSRC, &[n as u8; 30]);
    packet[1] = OPUS;
    packet
}
