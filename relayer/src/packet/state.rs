//! The states of a packet and what may change them, as one pure function.
//!
//! Where a packet stands is decided by finalized events of the two chains alone
//! ([`Event::Received`], [`Event::Acknowledged`], [`Event::Refused`], [`Event::TimedOut`]); what the
//! relayer does itself ([`Event::Submit`] and its return) only says that a try is on its way. So any
//! number of relayers can serve one route.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// What a relayer can do for a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Bring it to its destination.
    Receive,
    /// Bring its acknowledgement back.
    Acknowledge,
    /// Prove to its source that it never arrived.
    Timeout,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 3] = [Self::Receive, Self::Acknowledge, Self::Timeout];

    /// The name in the store and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Acknowledge => "acknowledge",
            Self::Timeout => "timeout",
        }
    }

    /// The state in which a packet waits for this step.
    pub fn waiting(self) -> State {
        match self {
            Self::Receive => State::Sent,
            Self::Acknowledge => State::Received,
            Self::Timeout => State::Expired,
        }
    }

    /// The state in which a transaction for this step is on its way.
    pub fn under_way(self) -> State {
        match self {
            Self::Receive => State::Receiving,
            Self::Acknowledge => State::Acknowledging,
            Self::Timeout => State::TimingOut,
        }
    }
}

impl FromStr for Step {
    type Err = UnknownName;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|step| step.name() == s).ok_or_else(|| UnknownName(s.to_owned()))
    }
}

/// Where a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Sent on the source chain, in a finalized block.
    Sent,
    /// A journalled transaction carries it to the destination.
    Receiving,
    /// Received on the destination, which wrote an acknowledgement.
    Received,
    /// A journalled transaction carries the acknowledgement to the source.
    Acknowledging,
    /// Done: the source has a success acknowledgement.
    Acknowledged,
    /// Done: the source has an error acknowledgement, and has refunded.
    Refused,
    /// The destination's clock passed the timeout and no receipt was seen.
    Expired,
    /// A journalled transaction carries the proof of absence to the source.
    TimingOut,
    /// Done: the source has refunded.
    TimedOut,
    /// This step does not work for this packet; tried again later, the reason is kept.
    Held(Step),
}

impl State {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Sent,
        Self::Receiving,
        Self::Received,
        Self::Acknowledging,
        Self::Acknowledged,
        Self::Refused,
        Self::Expired,
        Self::TimingOut,
        Self::TimedOut,
        Self::Held(Step::Receive),
        Self::Held(Step::Acknowledge),
        Self::Held(Step::Timeout),
    ];

    /// The name in the store, in metrics and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Receiving => "receiving",
            Self::Received => "received",
            Self::Acknowledging => "acknowledging",
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::TimingOut => "timing-out",
            Self::TimedOut => "timed-out",
            Self::Held(Step::Receive) => "held-receive",
            Self::Held(Step::Acknowledge) => "held-acknowledge",
            Self::Held(Step::Timeout) => "held-timeout",
        }
    }

    /// Whether nothing more can happen to the packet.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Refused | Self::TimedOut)
    }

    /// The step that a packet in this state waits for; `None` while one is under way and at the end.
    pub fn due(self) -> Option<Step> {
        match self {
            Self::Sent => Some(Step::Receive),
            Self::Received => Some(Step::Acknowledge),
            Self::Expired => Some(Step::Timeout),
            Self::Held(step) => Some(step),
            _ => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A name that is not one of the store's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name this version knows")]
pub struct UnknownName(pub String);

impl FromStr for State {
    type Err = UnknownName;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.name() == s).ok_or_else(|| UnknownName(s.to_owned()))
    }
}

/// What moves a packet from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A transaction with this step was signed and journalled.
    Submit(Step),
    /// That transaction ended without effect on the packet.
    Return(Step),
    /// The step was found not to work, by simulation, by proof or on chain.
    Hold(Step),
    /// The destination's finalized time passed the timeout.
    Expire,
    /// The receipt that one node reported is not there.
    Retract,
    /// Finalized on the destination: received.
    Received,
    /// Finalized on the source: acknowledged with success.
    Acknowledged,
    /// Finalized on the source: acknowledged with the universal error.
    Refused,
    /// Finalized on the source: timed out.
    TimedOut,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 15] = [
        Self::Submit(Step::Receive),
        Self::Submit(Step::Acknowledge),
        Self::Submit(Step::Timeout),
        Self::Return(Step::Receive),
        Self::Return(Step::Acknowledge),
        Self::Return(Step::Timeout),
        Self::Hold(Step::Receive),
        Self::Hold(Step::Acknowledge),
        Self::Hold(Step::Timeout),
        Self::Expire,
        Self::Retract,
        Self::Received,
        Self::Acknowledged,
        Self::Refused,
        Self::TimedOut,
    ];

    /// The name in the transitions log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit(Step::Receive) => "submit-receive",
            Self::Submit(Step::Acknowledge) => "submit-acknowledge",
            Self::Submit(Step::Timeout) => "submit-timeout",
            Self::Return(Step::Receive) => "return-receive",
            Self::Return(Step::Acknowledge) => "return-acknowledge",
            Self::Return(Step::Timeout) => "return-timeout",
            Self::Hold(Step::Receive) => "hold-receive",
            Self::Hold(Step::Acknowledge) => "hold-acknowledge",
            Self::Hold(Step::Timeout) => "hold-timeout",
            Self::Expire => "expire",
            Self::Retract => "retract",
            Self::Received => "received",
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
        }
    }
}

/// An event that cannot happen to a packet in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet that is {} cannot take `{}`", from.name(), event.name())]
pub struct IllegalTransition {
    /// The state it is in.
    pub from: State,
    /// What was said to happen.
    pub event: Event,
}

/// The state after an event.
///
/// The source's finalized events end a packet from any state that is not final. A receipt moves it
/// on unless absence was already proven ([`State::TimingOut`]) or it moved past that.
pub fn next(from: State, event: Event) -> Result<State, IllegalTransition> {
    let illegal = Err(IllegalTransition { from, event });
    if from.is_final() {
        return illegal;
    }
    match event {
        Event::Submit(step) if from.due() == Some(step) => Ok(step.under_way()),
        Event::Return(step) if from == step.under_way() => Ok(step.waiting()),
        Event::Hold(step) if from.due() == Some(step) || from == step.under_way() => Ok(State::Held(step)),
        Event::Expire if matches!(from, State::Sent | State::Held(Step::Receive)) => Ok(State::Expired),
        Event::Retract if matches!(from, State::Received | State::Held(Step::Acknowledge)) => Ok(State::Sent),
        Event::Received
            if matches!(
                from,
                State::Sent
                    | State::Receiving
                    | State::Expired
                    | State::Held(Step::Receive)
                    | State::Held(Step::Timeout)
            ) =>
        {
            Ok(State::Received)
        }
        Event::Acknowledged => Ok(State::Acknowledged),
        Event::Refused => Ok(State::Refused),
        Event::TimedOut => Ok(State::TimedOut),
        _ => illegal,
    }
}

/// One legal move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    /// From this state
    pub from: State,
    /// by this event
    pub event: Event,
    /// to this state.
    pub to: State,
}

impl Transition {
    /// Every legal move, from [`State::ALL`] and [`Event::ALL`] by [`next`].
    pub fn all() -> Vec<Self> {
        State::ALL
            .into_iter()
            .flat_map(|from| Event::ALL.into_iter().map(move |event| (from, event)))
            .filter_map(|(from, event)| next(from, event).ok().map(|to| Self { from, event, to }))
            .collect()
    }

    /// The name of its failpoints, without `.before` and `.after`.
    pub fn name(&self) -> String {
        format!("packet.{}.{}", self.from.name(), self.event.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    /// The whole machine, written down a second time: from, event, to.
    const TABLE: &str = "
        sent             submit-receive      receiving
        sent             hold-receive        held-receive
        sent             expire              expired
        sent             received            received
        receiving        return-receive      sent
        receiving        hold-receive        held-receive
        receiving        received            received
        received         submit-acknowledge  acknowledging
        received         hold-acknowledge    held-acknowledge
        received         retract             sent
        acknowledging    return-acknowledge  received
        acknowledging    hold-acknowledge    held-acknowledge
        expired          submit-timeout      timing-out
        expired          hold-timeout        held-timeout
        expired          received            received
        timing-out       return-timeout      expired
        timing-out       hold-timeout        held-timeout
        held-receive     submit-receive      receiving
        held-receive     hold-receive        held-receive
        held-receive     expire              expired
        held-receive     received            received
        held-acknowledge submit-acknowledge  acknowledging
        held-acknowledge hold-acknowledge    held-acknowledge
        held-acknowledge retract             sent
        held-timeout     submit-timeout      timing-out
        held-timeout     hold-timeout        held-timeout
        held-timeout     received            received
    ";

    #[test]
    fn every_pair_of_state_and_event_does_what_the_table_says() {
        let mut expected: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for line in TABLE.lines().filter(|l| !l.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let row = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            assert!(expected.insert((row.0, row.1), row.2).is_none(), "twice: {line}");
        }
        for state in State::ALL.into_iter().filter(|s| !s.is_final()) {
            for end in ["acknowledged", "refused", "timed-out"] {
                expected.insert((state.name(), end), end);
            }
        }
        for from in State::ALL {
            for event in Event::ALL {
                let found = next(from, event).ok().map(State::name);
                assert_eq!(found, expected.get(&(from.name(), event.name())).copied(), "{from} {event:?}");
            }
        }
        assert_eq!(Transition::all().len(), expected.len());
    }

    #[test]
    fn names_are_distinct_and_read_back() {
        let names: HashSet<_> = State::ALL.iter().map(|s| s.name()).collect();
        assert_eq!(names.len(), State::ALL.len());
        for state in State::ALL {
            assert_eq!(state.name().parse::<State>(), Ok(state));
        }
        let names: HashSet<_> = Event::ALL.iter().map(|e| e.name()).collect();
        assert_eq!(names.len(), Event::ALL.len());
        for step in Step::ALL {
            assert_eq!(step.name().parse::<Step>(), Ok(step));
        }
        assert!("gone".parse::<State>().is_err());
    }

    #[test]
    fn every_state_can_be_reached_and_every_open_one_left() {
        let mut reached = BTreeSet::from([State::Sent]);
        loop {
            let more: BTreeSet<_> =
                Transition::all().iter().filter(|t| reached.contains(&t.from)).map(|t| t.to).collect();
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                break;
            }
        }
        assert_eq!(reached.len(), State::ALL.len());
        for state in State::ALL {
            let leaves = Transition::all().iter().any(|t| t.from == state && t.to != state);
            assert_eq!(leaves, !state.is_final(), "{state}");
        }
    }
}
