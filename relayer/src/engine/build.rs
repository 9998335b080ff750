//! One transaction out of what is due: proven, verified by our own light client, simulated, and
//! without the packets that would not settle.

use super::{
    client::{ClientView, HostedClient},
    plan::proven_path,
};
use crate::{
    packet::Step,
    store::{Due, NewProof, RECEIPT, success, verdict},
};
use lupu_adapter::{
    AccountId, AdapterError, ClientUpdate, ErrorKind, Message, Outcome, Simulation, StateProof, TrustedState,
};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{
    Acknowledgement, Height, Path, TimestampSecs,
    commitment::{commit_acknowledgement, commit_packet},
    evm::packet_receipt,
};

/// Most proofs and simulations that the search for bad packets in one batch may cost.
const SEARCH_BUDGET: u32 = 40;
/// Most rounds of leaving packets out.
const ROUNDS: u32 = 4;

/// What came of building.
#[derive(Default)]
pub(crate) struct Built {
    /// The transaction, if anything is left to do.
    pub(crate) ready: Option<Ready>,
    /// Packets for which the step does not work.
    pub(crate) hold: Vec<(i64, Step, String)>,
    /// Packets to be tried again later.
    pub(crate) defer: Vec<(i64, String)>,
    /// Packets that are fine but did not fit into the transaction's gas.
    pub(crate) left: usize,
    /// Heights of the tracked chain whose events turned out doubtful.
    pub(crate) doubtful: Vec<Height>,
}

/// A transaction that would do what it is for.
pub(crate) struct Ready {
    pub(crate) messages: Vec<Message>,
    pub(crate) packets: Vec<(i64, Step)>,
    pub(crate) proofs: Vec<NewProof>,
    pub(crate) gas_limit: u64,
}

/// The claim that a step makes about the tracked chain. `None`: an acknowledgement is to be carried
/// that is not known.
fn claim(item: &Due) -> Option<Claim> {
    match item.step {
        Step::Receive => Some(Claim::Present(commit_packet(&item.packet))),
        Step::Acknowledge => item.acknowledgement.as_ref().map(|ack| Claim::Present(commit_acknowledgement(ack))),
        Step::Timeout => Some(Claim::Absent),
    }
}

/// Packets of one step, in proof order, with their shared proof.
struct Group {
    items: Vec<Due>,
    proof: StateProof,
}

/// Why a set of packets cannot go as it is.
enum Trouble {
    /// One of them, or their combination, does not hold.
    Suspect(String),
    /// A call failed.
    Call(AdapterError),
}

impl From<AdapterError> for Trouble {
    fn from(error: AdapterError) -> Self {
        Self::Call(error)
    }
}

/// Builds transactions for one client at one height.
pub(crate) struct Builder<'a> {
    client: &'a HostedClient,
    view: &'a ClientView,
    account: &'a AccountId,
    copy: Box<dyn LightClient>,
    updates: Vec<ClientUpdate>,
    at: TrustedState,
    now: TimestampSecs,
    budget: u32,
}

impl<'a> Builder<'a> {
    /// At the client's newest height, or at `target` after updates that our own copy of it accepts.
    pub(crate) async fn new(
        client: &'a HostedClient,
        view: &'a ClientView,
        account: &'a AccountId,
        target: Option<Height>,
    ) -> Result<Self, AdapterError> {
        let now = client.now()?;
        let mut copy = client.copy(view)?;
        let mut at = view.trusted.clone();
        let mut updates = Vec::new();
        if let Some(target) = target.filter(|t| *t > at.height) {
            updates = client.prover.updates(&view.client.state, &view.trusted, target).await?;
            for update in &updates {
                let unproven = |what: String| AdapterError::new(&client.tracked.id, ErrorKind::Unproven, what);
                match copy.update(&update.message, now) {
                    Ok(UpdateResult::Update | UpdateResult::NoOp) => {}
                    Ok(UpdateResult::Misbehaviour) => {
                        return Err(unproven(format!(
                            "the update to {} conflicts with what client {} knows",
                            update.height, client.id
                        )));
                    }
                    Err(rejection) => {
                        return Err(unproven(format!(
                            "our own light client refuses the update to {}: {rejection}",
                            update.height
                        )));
                    }
                }
                at = TrustedState { height: update.height, consensus_state: update.consensus_state.clone() };
            }
        }
        Ok(Self { client, view, account, copy, updates, at, now, budget: SEARCH_BUDGET })
    }

    /// The state at which proofs are made.
    pub(crate) fn at(&self) -> &TrustedState {
        &self.at
    }

    /// The height that the updates lead to, if there are any.
    pub(crate) fn update_height(&self) -> Option<Height> {
        self.updates.last().map(|u| u.height)
    }

    fn update_messages(&self) -> Vec<Message> {
        self.updates
            .iter()
            .map(|u| Message::UpdateClient { client: self.client.id.clone(), message: u.message.clone() })
            .collect()
    }

    fn update_proofs(&self, packets: &[(i64, Step)]) -> Vec<NewProof> {
        self.updates
            .iter()
            .map(|u| NewProof {
                kind: "update",
                height: u.height,
                proof: u.message.clone(),
                material: u.material.clone(),
                packets: packets.to_vec(),
            })
            .collect()
    }

    /// A transaction with the updates alone.
    pub(crate) async fn update_only(&self) -> Result<Option<Ready>, AdapterError> {
        if self.updates.is_empty() {
            return Ok(None);
        }
        let messages = self.update_messages();
        let simulation = self.client.host.chain.simulate(self.account, &messages).await?;
        Ok(Some(Ready {
            messages,
            packets: Vec::new(),
            proofs: self.update_proofs(&[]),
            gas_limit: simulation.gas_limit,
        }))
    }

    /// The largest transaction out of `items` that would settle every packet in it.
    pub(crate) async fn build(&mut self, items: Vec<Due>) -> Result<Built, AdapterError> {
        let mut built = Built::default();
        let mut items: Vec<_> = items.into_iter().filter(|d| d.ready_height <= self.at.height).collect();
        for _ in 0..ROUNDS {
            if items.is_empty() {
                return Ok(built);
            }
            let groups = match self.groups(&items, &mut built).await? {
                groups if groups.is_empty() => return Ok(built),
                groups => groups,
            };
            items = groups.iter().flat_map(|g| g.items.iter().cloned()).collect();
            let (simulated, receipts) = tokio::join!(self.simulate(&groups), self.receipts(&groups));
            match simulated {
                Ok((messages, simulation)) => {
                    let keep = self.judge(&groups, &simulation, &mut built)?;
                    if keep.len() == items.len() {
                        built.ready = Some(self.ready(groups, messages, simulation.gas_limit, receipts));
                        return Ok(built);
                    }
                    items = keep;
                }
                Err(Trouble::Call(error)) => return Err(error),
                Err(Trouble::Suspect(reason)) => items = self.search(items, reason, &mut built).await?,
            }
        }
        built.left += items.len();
        Ok(built)
    }

    /// The receipts of packets whose acknowledgements are brought, proven for the store alone: an
    /// acknowledgement says nothing of the packet that it answers, and nodes forget. Proof files need
    /// both. That they cannot be had stops nothing.
    async fn receipts(&self, groups: &[Group]) -> Option<NewProof> {
        let acknowledged = groups.iter().filter(|g| g.items.iter().all(|d| d.step == Step::Acknowledge));
        let items: Vec<&Due> = acknowledged.flat_map(|g| &g.items).collect();
        if items.is_empty() {
            return None;
        }
        let claim = |d: &&Due| (Path::receipt(&d.packet), Claim::Present(packet_receipt(&d.packet)));
        let claims: Vec<_> = items.iter().map(claim).collect();
        let paths: Vec<Path> = claims.iter().map(|(path, _)| path.clone()).collect();
        let order = self.client.prover.proof_order(&paths);
        let claims: Vec<_> = order.iter().filter_map(|i| claims.get(*i).cloned()).collect();
        match self.client.prover.prove(&self.at, &self.view.client.merkle_prefix, &claims).await {
            Ok(proof) => Some(NewProof {
                kind: RECEIPT,
                height: self.at.height,
                proof: proof.proof,
                material: proof.material,
                packets: items.iter().map(|d| (d.id, d.step)).collect(),
            }),
            Err(error) => {
                tracing::debug!(chain = %self.client.tracked.id, %error, "receipts were not kept for proof files");
                None
            }
        }
    }

    fn ready(&self, groups: Vec<Group>, messages: Vec<Message>, gas_limit: u64, receipts: Option<NewProof>) -> Ready {
        let packets: Vec<_> = groups.iter().flat_map(|g| g.items.iter().map(|d| (d.id, d.step))).collect();
        let mut proofs = self.update_proofs(&packets);
        for group in groups {
            let Some(step) = group.items.first().map(|d| d.step) else { continue };
            proofs.push(NewProof {
                kind: step.name(),
                height: self.at.height,
                proof: group.proof.proof,
                material: group.proof.material,
                packets: group.items.iter().map(|d| (d.id, d.step)).collect(),
            });
        }
        proofs.extend(receipts);
        Ready { messages, packets, proofs, gas_limit }
    }

    /// One proven group per step. Packets whose claim does not hold are held.
    async fn groups(&mut self, items: &[Due], built: &mut Built) -> Result<Vec<Group>, AdapterError> {
        let mut groups = Vec::new();
        for step in Step::ALL {
            let mut work = vec![items.iter().filter(|d| d.step == step).cloned().collect::<Vec<_>>()];
            let mut good: Vec<Due> = Vec::new();
            let mut whole = None;
            while let Some(part) = work.pop().filter(|p| !p.is_empty()) {
                match self.prove(&part).await {
                    Ok(group) if work.is_empty() && good.is_empty() => whole = Some(group),
                    Ok(group) => good.extend(group.items),
                    Err(Trouble::Call(error)) => return Err(error),
                    Err(Trouble::Suspect(reason)) => {
                        if let Some(halves) = self.split(part, reason, built, true) {
                            work.extend(halves);
                        }
                    }
                }
            }
            if let Some(group) = whole {
                groups.push(group);
            } else if !good.is_empty() {
                match self.prove(&good).await {
                    Ok(group) => groups.push(group),
                    Err(Trouble::Call(error)) => return Err(error),
                    Err(Trouble::Suspect(reason)) => {
                        built.defer.extend(good.into_iter().map(|d| (d.id, reason.clone())));
                    }
                }
            }
        }
        Ok(groups)
    }

    /// Halves a set that does not hold; a single packet is held, and so is what the budget cannot search.
    fn split(&mut self, mut part: Vec<Due>, reason: String, built: &mut Built, doubt: bool) -> Option<[Vec<Due>; 2]> {
        if let [one] = part.as_slice() {
            if doubt {
                built.doubtful.push(if one.step == Step::Timeout { one.destination_height } else { one.ready_height });
            }
            built.hold.push((one.id, one.step, reason));
            return None;
        }
        if self.budget == 0 {
            built.defer.extend(part.into_iter().map(|d| (d.id, reason.clone())));
            return None;
        }
        self.budget -= 1;
        let second = part.split_off(part.len() / 2);
        Some([part, second])
    }

    /// Asks the prover for one proof of all these claims, and our own copy of the client whether it holds.
    async fn prove(&self, items: &[Due]) -> Result<Group, Trouble> {
        let prover = &self.client.prover;
        let paths: Vec<Path> = items.iter().map(proven_path).collect();
        let mut order = prover.proof_order(&paths);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..items.len()) {
            order = (0..items.len()).collect();
        }
        let items: Vec<Due> = order.iter().filter_map(|i| items.get(*i).cloned()).collect();
        let mut claims = Vec::with_capacity(items.len());
        for item in &items {
            let claim = claim(item).ok_or_else(|| Trouble::Suspect("its acknowledgement is not known".into()))?;
            claims.push((proven_path(item), claim));
        }
        let prefix = &self.view.client.merkle_prefix;
        let proof = match prover.prove(&self.at, prefix, &claims).await {
            Ok(proof) => proof,
            Err(error) if matches!(error.kind, ErrorKind::Unproven | ErrorKind::NotFound) => {
                return Err(Trouble::Suspect(format!("not provable: {}", error.message)));
            }
            Err(error) => return Err(error.into()),
        };
        let raw: Vec<_> = claims
            .into_iter()
            .map(|(path, claim)| {
                let mut key = prefix.last().cloned().unwrap_or_default();
                key.extend_from_slice(&path.to_bytes());
                (key, claim)
            })
            .collect();
        match self.copy.verify(self.at.height, &raw, &proof.proof, self.now) {
            Ok(time) if items.iter().all(|d| d.step != Step::Timeout || time >= d.packet.timeout_timestamp) => {
                Ok(Group { items, proof })
            }
            Ok(time) => Err(Trouble::Suspect(format!("the proof's time {time} is before the packet's timeout"))),
            Err(rejection) => Err(Trouble::Suspect(format!("our own light client refuses the proof: {rejection}"))),
        }
    }

    fn messages(&self, groups: &[Group]) -> Vec<Message> {
        let (client, height) = (&self.client.id, self.at.height);
        let mut messages = self.update_messages();
        for group in groups {
            let Some(step) = group.items.first().map(|d| d.step) else { continue };
            let (client, proof) = (client.clone(), group.proof.proof.clone());
            let packets = || group.items.iter().map(|d| d.packet.clone()).collect();
            messages.push(match step {
                Step::Receive => Message::Receive { client, packets: packets(), proof, height },
                Step::Timeout => Message::Timeout { client, packets: packets(), proof, height },
                Step::Acknowledge => {
                    let ack = |d: &Due| d.acknowledgement.clone().unwrap_or_else(Acknowledgement::error);
                    let packets = group.items.iter().map(|d| (d.packet.clone(), ack(d))).collect();
                    Message::Acknowledge { client, packets, proof, height }
                }
            });
        }
        messages
    }

    async fn simulate(&self, groups: &[Group]) -> Result<(Vec<Message>, Simulation), Trouble> {
        let messages = self.messages(groups);
        match self.client.host.chain.simulate(self.account, &messages).await {
            Ok(simulation) => Ok((messages, simulation)),
            Err(error) if error.kind == ErrorKind::Rejected => Err(Trouble::Suspect(error.message)),
            Err(error) => Err(error.into()),
        }
    }

    /// The packets that the simulation settles; the others are put where they belong.
    fn judge(&self, groups: &[Group], simulation: &Simulation, built: &mut Built) -> Result<Vec<Due>, AdapterError> {
        let skip = self.updates.len();
        let mut keep = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let outcomes = simulation.outcomes.get(skip + index).filter(|o| o.len() == group.items.len());
            let Some(outcomes) = outcomes else {
                return Err(AdapterError::new(
                    &self.client.host.id,
                    ErrorKind::Lied,
                    "the simulation did not answer for every packet",
                ));
            };
            for (item, outcome) in group.items.iter().zip(outcomes) {
                self.place(item, *outcome, groups, &mut keep, built);
            }
        }
        Ok(keep)
    }

    fn place(&self, item: &Due, outcome: Outcome, groups: &[Group], keep: &mut Vec<Due>, built: &mut Built) {
        let alone = groups.iter().map(|g| g.items.len()).sum::<usize>() == 1;
        if outcome == success(item.step) {
            keep.push(item.clone());
        } else if outcome == Outcome::Duplicate {
            built.defer.push((item.id, "done already by another relayer; its event is awaited".into()));
        } else if outcome == Outcome::InsufficientGas && !alone {
            built.left += 1;
        } else {
            match verdict(item.step, outcome) {
                Some((crate::packet::Event::Return(_), reason)) if outcome != Outcome::InsufficientGas => {
                    built.defer.push((item.id, reason));
                }
                Some((_, reason)) => built.hold.push((item.id, item.step, reason)),
                None => {
                    built.hold.push((item.id, item.step, format!("{} would come out as {outcome:?}", item.step.name())))
                }
            }
        }
    }

    /// The whole transaction would fail: finds the packets to blame by halves.
    async fn search(&mut self, items: Vec<Due>, reason: String, built: &mut Built) -> Result<Vec<Due>, AdapterError> {
        if !self.updates.is_empty() {
            // If the update alone fails, no packet is to blame.
            self.client.host.chain.simulate(self.account, &self.update_messages()).await?;
        }
        let all = items.len();
        let mut good = Vec::new();
        let mut work: Vec<Vec<Due>> = self.split(items, reason, built, false).into_iter().flatten().collect();
        while let Some(part) = work.pop() {
            let groups = self.groups(&part, built).await?;
            if groups.is_empty() {
                continue;
            }
            match self.simulate(&groups).await {
                Ok(_) => good.extend(part),
                Err(Trouble::Call(error)) => return Err(error),
                Err(Trouble::Suspect(reason)) => {
                    if let Some(halves) = self.split(part, reason, built, false) {
                        work.extend(halves);
                    }
                }
            }
        }
        if good.len() == all {
            // Each half works, the whole does not: too much for one transaction.
            good.truncate(all.div_ceil(2));
            built.left += all - good.len();
        }
        let held: std::collections::HashSet<i64> = built.hold.iter().map(|(id, ..)| *id).collect();
        good.retain(|d| !held.contains(&d.id));
        Ok(good)
    }
}
