//! Real sockets on loopback: joined and split datagrams, both families, the address that was hit.

use super::*;
use entente_media::ice::Tuple;
use std::net::{IpAddr, UdpSocket};

fn receive_all(socket: &mut Socket, expected: usize) -> Vec<(SocketAddr, Option<IpAddr>, Vec<u8>)> {
    let mut got = Vec::new();
    let until = std::time::Instant::now() + Duration::from_secs(5);
    while got.len() < expected && std::time::Instant::now() < until {
        sys::wait([socket.raw(), socket.raw()], Duration::from_millis(100)).unwrap();
        socket
            .receive(|_, received| {
                for piece in received.bytes.chunks(received.segment) {
                    got.push((received.from, received.local, piece.to_vec()));
                }
            })
            .unwrap();
    }
    got
}

#[test]
fn a_run_leaves_in_one_call_and_arrives_as_datagrams() {
    let (mut sender, mut receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let tuple = Tuple::new(receiver.address(), Some([127, 0, 0, 1].into()));
    let bytes: Vec<u8> = (0..1150).map(|n| (n / 250) as u8).collect();
    let sent = sender.outlet().send(
        [Transmit {
            tuple,
            bytes: &bytes,
            segment: 250,
        }]
        .into_iter(),
    );
    assert_eq!(sent.refused, 0);
    let got = receive_all(&mut receiver, 5);
    let pieces: Vec<&[u8]> = got.iter().map(|(_, _, piece)| &piece[..]).collect();
    assert_eq!(pieces, bytes.chunks(250).collect::<Vec<_>>());
    assert!(
        got.iter()
            .all(|(from, local, _)| *from == sender.address()
                && *local == Some([127, 0, 0, 1].into()))
    );
}

#[test]
fn replies_leave_from_the_address_that_was_hit() {
    let mut server = bound("0.0.0.0:0");
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let hit: SocketAddr = ([127, 0, 0, 2], server.address().port()).into();
    client.send_to(b"hello", hit).unwrap();
    let got = receive_all(&mut server, 1);
    let (from, local, _) = &got[0];
    assert_eq!(*local, Some(hit.ip()));
    let tuple = Tuple::new(*from, *local);
    server.outlet().send(
        [Transmit {
            tuple,
            bytes: b"answer",
            segment: 6,
        }]
        .into_iter(),
    );
    let mut buffer = [0; 16];
    let (length, source) = client.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], source), (&b"answer"[..], hit));
}

#[test]
fn a_dual_stack_socket_speaks_to_both_families() {
    let mut server = bound("[::]:0");
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        let client = UdpSocket::bind(bind).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let ip = client.local_addr().unwrap().ip();
        client
            .send_to(b"hello", (ip, server.address().port()))
            .unwrap();
        let (from, local, _) = receive_all(&mut server, 1).remove(0);
        assert_eq!((from, local), (client.local_addr().unwrap(), Some(ip)));
        let tuple = Tuple::new(from, local);
        assert_eq!(
            server
                .outlet()
                .send(
                    [Transmit {
                        tuple,
                        bytes: b"answer",
                        segment: 6
                    }]
                    .into_iter()
                )
                .refused,
            0
        );
        assert_eq!(client.recv_from(&mut [0; 16]).unwrap().0, 6);
    }
}

#[test]
fn what_the_kernel_refuses_is_counted_and_the_rest_still_leaves() {
    let (mut sender, mut receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let good = Tuple::new(receiver.address(), None);
    let unreachable = Tuple::new("[2001:db8::1]:9".parse().unwrap(), None);
    let too_long = vec![0; 66_000];
    let runs = [
        Transmit {
            tuple: unreachable,
            bytes: b"ab",
            segment: 1,
        },
        Transmit {
            tuple: good,
            bytes: &too_long,
            segment: 66_000,
        },
        Transmit {
            tuple: good,
            bytes: b"through",
            segment: 7,
        },
    ];
    assert_eq!(sender.outlet().send(runs.into_iter()).refused, 3);
    assert_eq!(receive_all(&mut receiver, 1)[0].2, b"through");
}

/// A run of that many datagrams of ten bytes.
fn run(tuple: Tuple, bytes: &[u8]) -> Transmit<'_> {
    Transmit {
        tuple,
        bytes,
        segment: 10,
    }
}

#[test]
fn m1_5_a_destination_that_cannot_be_reached_costs_nobody_the_batching() {
    let (mut sender, mut receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let nowhere = Tuple::new(([127, 0, 0, 1], 0).into(), None);
    let good = Tuple::new(receiver.address(), None);
    for _ in 0..2 * IN_VAIN {
        let sent = sender.outlet().send([run(nowhere, &[1; 40])].into_iter());
        assert_eq!((sent.refused, sent.offloaded), (4, 0));
    }
    let sent = sender.outlet().send([run(good, &[2; 40])].into_iter());
    assert_eq!((sent.refused, sent.offloaded), (0, 1));
    assert_eq!(receive_all(&mut receiver, 4).len(), 4);
}

#[test]
fn m1_5_a_run_that_is_refused_whole_leaves_singly_and_batching_rests_only_when_all_are() {
    let (mut sender, mut receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let good = Tuple::new(receiver.address(), None);
    // More segments than any kernel takes in one call.
    let long = vec![3; 2_000];
    for n in 0..IN_VAIN {
        let sent = sender.outlet().send([run(good, &long)].into_iter());
        assert_eq!((sent.refused, sent.offloaded), (0, 0), "{n}");
        assert_eq!(receive_all(&mut receiver, 200).len(), 200);
        let batched = sender
            .outlet()
            .send([run(good, &[4; 40])].into_iter())
            .offloaded;
        assert_eq!(
            (n, batched),
            (n, 1),
            "one destination's path is not all others'"
        );
        receive_all(&mut receiver, 4);
    }
    for _ in 0..IN_VAIN {
        sender.outlet().send([run(good, &long)].into_iter());
        receive_all(&mut receiver, 200);
    }
    let mut offloaded = |count| {
        let runs = (0..count).map(|_| run(good, &[5; 20]));
        sender.outlet().send(runs).offloaded
    };
    assert_eq!(offloaded(u64::from(REST)), 0, "it rests");
    assert_eq!(offloaded(1), 1, "and is tried again");
}

#[test]
fn m1_5_where_most_runs_are_refused_batching_rests_though_some_succeed() {
    let (mut sender, mut receiver) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
    let good = Tuple::new(receiver.address(), None);
    // More segments than any kernel takes in one call.
    let long = vec![3; 2_000];
    let mut rested = false;
    for _ in 0..2 * IN_VAIN {
        for bytes in [&long[..], &long[..], &[4; 40]] {
            let sent = sender.outlet().send([run(good, bytes)].into_iter());
            assert_eq!(sent.refused, 0);
            receive_all(&mut receiver, bytes.len() / 10);
            rested |= bytes.len() == 40 && sent.offloaded == 0;
        }
    }
    assert!(rested, "each success made up for all failures before it");
}

#[test]
fn m1_5_an_interface_that_refuses_runs_costs_another_none_of_its_batching() {
    let (mut sender, mut receiver) = (bound("0.0.0.0:0"), bound("127.0.0.1:0"));
    let by = |last| Tuple::new(receiver.address(), Some([127, 0, 0, last].into()));
    let (bad, good) = (by(1), by(2));
    // More segments than any kernel takes in one call.
    let long = vec![3; 2_000];
    for _ in 0..IN_VAIN {
        sender.outlet().send([run(bad, &long)].into_iter());
        receive_all(&mut receiver, 200);
    }
    let offloaded = [bad, good].map(|to| {
        let runs = [run(to, &[4; 40])].into_iter();
        sender.outlet().send(runs).offloaded
    });
    assert_eq!(offloaded, [0, 1]);
}

#[test]
fn granted_buffers_are_told() {
    let buffers = bound("127.0.0.1:0").buffers();
    assert!(buffers.receive > 0 && buffers.send > 0 && buffers.asked == 1 << 20);
}

fn bound(to: &str) -> Socket {
    Socket::bind(to.parse().unwrap(), 1 << 20).unwrap()
}
