//! Packets between two hosts, relayed at random: late, twice, with too little weight, to
//! applications that fail, through pauses. Each outcome is what a plain model says, and an
//! application is told of each packet once.

use super::{chain::Chain, *};
use crate::{Outcome, RelayMessage, wire::ScaleAcknowledgements, wire::raw_path};
use lupu_standard::{PathKind, ack::UNIVERSAL_ERROR};

/// What the model knows of a packet.
struct Known {
    packet: ScalePacket,
    acknowledgement: Option<Vec<u8>>,
    /// How its sender learned of its end.
    end: Option<Outcome>,
}

/// A small generator of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
    /// Up to six of these, some of them twice.
    fn some(&mut self, from: &[usize]) -> Vec<usize> {
        let n = if from.is_empty() { 0 } else { 1 + self.below(6) };
        (0..n).map(|_| from[self.below(from.len() as u64) as usize]).collect()
    }
}

struct World {
    a: Chain,
    b: Chain,
    now: u64,
    paused: bool,
    known: Vec<Known>,
    dice: Dice,
    seen: [u32; 12],
}

impl World {
    fn new(seed: u64) -> Self {
        let (north, south) = ("north.grandpa-south", "south.grandpa-north");
        Self {
            a: Chain::new(north, south),
            b: Chain::new(south, north),
            now: START,
            paused: false,
            known: Vec::new(),
            dice: Dice(seed),
            seen: [0; 12],
        }
    }

    fn which(&self, is: impl Fn(&Known) -> bool) -> Vec<usize> {
        (0..self.known.len()).filter(|i| is(&self.known[*i])).collect()
    }

    fn send(&mut self) {
        let (own, timeout) = (self.a.own, self.now + 1 + self.dice.below(60));
        let packet = self.a.ext.execute_with(|| {
            let sequence = Ibc::send_packet(client(own), TimestampSecs(timeout), payload(b"random")).unwrap();
            match events().pop() {
                Some(crate::Event::PacketSent { packet }) if packet.sequence == sequence => packet,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(packet.sequence, self.known.len() as u64 + 1);
        self.known.push(Known { packet, acknowledgement: None, end: None });
    }

    fn advance(&mut self) {
        self.now += self.dice.below(15);
        let now = self.now;
        self.a.ext.execute_with(|| set_now(now));
        self.b.ext.execute_with(|| set_now(now));
    }

    fn pause(&mut self) {
        let paused = self.paused;
        self.b.ext.execute_with(|| {
            let origin = RuntimeOrigin::root();
            assert_ok!(if paused { Ibc::unpause(origin) } else { Ibc::pause(origin) });
            events();
        });
        self.paused = !paused;
    }

    fn receive(&mut self) {
        // What is settled has no commitment to prove any more.
        let chosen = self.which(|k| k.end.is_none());
        let chosen = self.dice.some(&chosen);
        let packets: Vec<_> = chosen.iter().map(|i| self.known[*i].packet.clone()).collect();
        let path = |p: &ScalePacket| raw_path(&p.source_client, PathKind::Commitment, p.sequence);
        let (consensus, proof) = self.a.prove(&packets.iter().map(path).collect::<Vec<_>>(), self.now);
        let height = self.b.learn(&consensus);
        let message = RelayMessage::Receive { packets: batch(&packets), proof: bounded(&proof), height };
        let (mut weight, fails) = (self.dice.below(8), self.dice.below(4) == 0);
        let given = weight;
        let expected = chosen.iter().map(|i| {
            let known = &mut self.known[*i];
            if known.acknowledgement.is_some() {
                return Outcome::Duplicate;
            }
            if self.now >= known.packet.timeout {
                return Outcome::Expired;
            }
            if weight == 0 {
                return Outcome::InsufficientGas;
            }
            weight -= 1;
            known.acknowledgement = Some(if fails { UNIVERSAL_ERROR.to_vec() } else { b"taken".to_vec() });
            Outcome::Received
        });
        if self.paused || chosen.is_empty() {
            let refused = if chosen.is_empty() && !self.paused { "EmptyBatch" } else { "HostPaused" };
            return settle(&mut self.b, message, given, false, Err(refused));
        }
        let expected: Vec<_> = expected.collect();
        self.count(&expected);
        settle(&mut self.b, message, given, fails, Ok(expected));
    }

    fn acknowledge(&mut self) {
        let chosen = self.which(|k| k.acknowledgement.is_some());
        let chosen = self.dice.some(&chosen);
        if chosen.is_empty() {
            return;
        }
        let packets: Vec<_> = chosen.iter().map(|i| self.known[*i].packet.clone()).collect();
        let acks: Vec<ScaleAcknowledgements> =
            chosen.iter().map(|i| batch(&[bounded(self.known[*i].acknowledgement.as_ref().unwrap())])).collect();
        let path = |p: &ScalePacket| raw_path(&p.dest_client, PathKind::Acknowledgement, p.sequence);
        let (consensus, proof) = self.b.prove(&packets.iter().map(path).collect::<Vec<_>>(), self.now);
        let height = self.a.learn(&consensus);
        let (packets, proof) = (batch(&packets), bounded(&proof));
        let message = RelayMessage::Acknowledge { packets, acknowledgements: batch(&acks), proof, height };
        self.end(&chosen, message, Outcome::Acknowledged);
    }

    fn time_out(&mut self) {
        let chosen = self.which(|k| k.acknowledgement.is_none());
        let chosen = self.dice.some(&chosen);
        if chosen.is_empty() {
            return;
        }
        let packets: Vec<_> = chosen.iter().map(|i| self.known[*i].packet.clone()).collect();
        let path = |p: &ScalePacket| raw_path(&p.dest_client, PathKind::Receipt, p.sequence);
        let (consensus, proof) = self.b.prove(&packets.iter().map(path).collect::<Vec<_>>(), self.now);
        let height = self.a.learn(&consensus);
        let message = RelayMessage::Timeout { packets: batch(&packets), proof: bounded(&proof), height };
        self.end(&chosen, message, Outcome::TimedOut);
    }

    /// Settles packets on the chain that sent them.
    fn end(&mut self, chosen: &[usize], message: RelayMessage, outcome: Outcome) {
        let (mut weight, fails) = (self.dice.below(8), self.dice.below(4) == 0);
        let given = weight;
        let now = self.now;
        let expected = chosen.iter().map(|i| {
            let known = &mut self.known[*i];
            if known.end.is_some() {
                return Outcome::Duplicate;
            }
            if outcome == Outcome::TimedOut && now < known.packet.timeout {
                return Outcome::NotExpired;
            }
            if weight == 0 {
                return Outcome::InsufficientGas;
            }
            weight -= 1;
            if fails {
                return Outcome::AppFailed;
            }
            known.end = Some(outcome);
            outcome
        });
        let expected: Vec<_> = expected.collect();
        self.count(&expected);
        settle(&mut self.a, message, given, fails, Ok(expected));
    }

    fn count(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            self.seen[*outcome as usize] += 1;
        }
    }

    /// Nothing lost, nothing twice.
    fn check(&mut self) {
        let taken = self.which(|k| k.acknowledgement.as_deref() == Some(b"taken")).len();
        let ended = self.which(|k| k.end.is_some()).len();
        let stored = |is: fn(&Known) -> bool| self.known.iter().filter(|k| is(k)).count();
        let open = stored(|k| k.end.is_none());
        let received = stored(|k| k.acknowledgement.is_some());
        for known in &self.known {
            let late = known.end == Some(Outcome::TimedOut);
            assert!(!(late && known.acknowledgement.is_some()), "{}", known.packet.sequence);
        }
        self.a.ext.execute_with(|| {
            assert_eq!(traces() as usize, ended);
            assert_eq!(crate::Commitments::<Test>::iter().count(), open);
            assert_ok!(Ibc::check_state());
        });
        self.b.ext.execute_with(|| {
            assert_eq!(traces() as usize, taken);
            assert_eq!(crate::Commitments::<Test>::iter().count(), received * 2);
            assert_ok!(Ibc::check_state());
        });
    }
}

/// Gives a message to a chain, first in simulation: both say what is expected.
fn settle(chain: &mut Chain, message: RelayMessage, callbacks: u64, fails: bool, expected: Result<Vec<Outcome>, &str>) {
    let weight = LIMIT * callbacks;
    chain.ext.execute_with(|| {
        Behaviour::set(if fails { Does::Fail } else { Does::Answer(b"taken".to_vec()) });
        let simulated = Ibc::simulate(3, vec![message.clone()], weight);
        let base = crate::weights::relay::<Test>(std::slice::from_ref(&message));
        let result = Ibc::relay(RuntimeOrigin::signed(3), batch(&[message]), weight);
        let told = events();
        let expected = match expected {
            Ok(expected) => expected,
            Err(name) => {
                assert_eq!(simulated, Err(name.as_bytes().to_vec()));
                assert!(result.is_err() && told.is_empty());
                return;
            }
        };
        let ran = |o: &&Outcome| o.settled() || **o == Outcome::AppFailed;
        let used = LIMIT * expected.iter().filter(ran).count() as u64;
        let numbers: Vec<u8> = expected.iter().map(|o| *o as u8).collect();
        assert_eq!(simulated, Ok((vec![numbers.clone()], used)));
        assert_eq!(result.unwrap().actual_weight, Some(base + used));
        let reported: Vec<u8> = told
            .iter()
            .filter_map(|event| match event {
                crate::Event::PacketReceived { .. } => Some(Outcome::Received as u8),
                crate::Event::PacketAcknowledged { .. } => Some(Outcome::Acknowledged as u8),
                crate::Event::PacketTimedOut { .. } => Some(Outcome::TimedOut as u8),
                crate::Event::PacketOutcome { outcome, .. } => Some(*outcome),
                _ => None,
            })
            .collect();
        assert_eq!(reported, numbers);
    });
}

#[test]
fn nothing_lost_nothing_twice() {
    let mut seen = [0; 12];
    for seed in 1..=4u64 {
        let mut world = World::new(0x9e37_79b9_7f4a_7c15 ^ seed);
        for _ in 0..150 {
            match world.dice.below(12) {
                0..=2 => world.send(),
                3 => world.advance(),
                4..=6 => world.receive(),
                7 | 8 => world.acknowledge(),
                9 | 10 => world.time_out(),
                _ => world.pause(),
            }
            world.check();
        }
        for (sum, one) in seen.iter_mut().zip(world.seen) {
            *sum += one;
        }
    }
    // Every outcome that honest proofs can have was there, and more than once.
    let possible = [
        Outcome::Received,
        Outcome::Acknowledged,
        Outcome::TimedOut,
        Outcome::Duplicate,
        Outcome::Expired,
        Outcome::AppFailed,
        Outcome::InsufficientGas,
        Outcome::NotExpired,
    ];
    for outcome in possible {
        assert!(seen[outcome as usize] > 5, "{outcome:?}: {seen:?}");
    }
}
