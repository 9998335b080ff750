//! The bundles that are tampered with: few signers and small states mostly, so that most of the
//! time goes into checks and not into the same signatures, and some as large as others are.

use super::{
    super::{Chain, Plan, Shape, World, rng::Rng, subject},
    signed::Keys,
};
use alloy_primitives::B256;
use lupu_proof::{Bundle, Kind};
use lupu_standard::Height;
use std::rc::Rc;

/// A bundle that is true, and its files.
pub struct Whole {
    pub bundle: Bundle,
    pub trusted: B256,
    pub(super) keys: Rc<Keys>,
    cbor: Vec<u8>,
    json: Vec<u8>,
}

impl Whole {
    fn new(bundle: Bundle, keys: &Rc<Keys>) -> Self {
        let (cbor, json) = (bundle.to_cbor(), bundle.to_json().into_bytes());
        Self { trusted: bundle.anchor.digest(), bundle, keys: keys.clone(), cbor, json }
    }

    pub fn file(&self, json: bool) -> &[u8] {
        if json { &self.json } else { &self.cbor }
    }
}

/// Bundles of one chain.
pub struct Stock {
    /// In the anchor's own state, by one validator: no signature to check.
    anchored: Vec<Whole>,
    /// One or two updates, one validator.
    light: Vec<Whole>,
    /// Four validators, states of many entries; also across changes of the set.
    heavy: Vec<Whole>,
}

impl Stock {
    /// Each kind alone, all together, at several heights, across a change of the set.
    pub fn new(chain: Chain) -> Self {
        let small = |shape, salt: &'static str| {
            Plan { validators: 1, neighbours: Some(6), salt: salt.into(), ..Plan::new(chain, shape) }.build()
        };
        let mut stock = Self { anchored: Vec::new(), light: Vec::new(), heavy: Vec::new() };
        for salt in ["", "another "] {
            let keys = Rc::new(Keys::new(chain, 1, salt));
            stock.anchored.extend(each(&small(Shape::AnchorOnly, salt), &keys));
            stock.light.extend(each(&small(Shape::One, salt), &keys));
            stock.light.push(spread(&small(Shape::Two, salt), &keys));
            if chain != Chain::Qbft && chain != Chain::Ibft2 {
                // One sealing validator cannot hand over: nobody of the old set would be left.
                stock.light.push(Whole::new(small(Shape::Change, salt).bundle(&Kind::ALL), &keys));
            }
        }
        let keys = Rc::new(Keys::new(chain, 4, ""));
        stock.heavy.extend(each(&World::new(chain, Shape::One), &keys));
        for shape in [Shape::Change, Shape::AnchorOnly] {
            stock.heavy.push(Whole::new(World::new(chain, shape).bundle(&Kind::ALL), &keys));
        }
        stock.heavy.push(spread(&World::new(chain, Shape::Two), &keys));
        stock
    }

    /// Bundles that others made: nothing in them can be signed again.
    pub fn of(bundles: &[Bundle]) -> Self {
        let keys = Rc::new(Keys::Unknown);
        let whole = || bundles.iter().map(|bundle| Whole::new(bundle.clone(), &keys)).collect();
        Self { anchored: whole(), light: whole(), heavy: whole() }
    }

    pub fn all(&self) -> impl Iterator<Item = &Whole> {
        [&self.anchored, &self.light, &self.heavy].into_iter().flatten()
    }

    pub fn any(&self, rng: &mut Rng) -> &Whole {
        let list = *rng.pick(&[&self.anchored, &self.light, &self.heavy]);
        rng.pick(list)
    }

    /// One with updates less often than not: whatever is changed behind the updates, all of them
    /// are verified first.
    pub fn mostly_anchored(&self, rng: &mut Rng) -> &Whole {
        match rng.below(16) {
            0..=9 => rng.pick(&self.anchored),
            10..=14 => rng.pick(&self.light),
            _ => rng.pick(&self.heavy),
        }
    }

    /// One with updates.
    pub fn mostly_updated(&self, rng: &mut Rng) -> &Whole {
        let list = if rng.below(6) == 0 { &self.heavy } else { &self.light };
        rng.pick(list)
    }
}

fn each(world: &World, keys: &Rc<Keys>) -> Vec<Whole> {
    let kinds = Kind::ALL.iter().map(|kind| world.bundle(&[*kind]));
    kinds.chain([world.bundle(&Kind::ALL)]).map(|bundle| Whole::new(bundle, keys)).collect()
}

/// One statement at each of three heights.
fn spread(world: &World, keys: &Rc<Keys>) -> Whole {
    let (packet, ack) = subject(Kind::Minted);
    let heights = [100, 110, 120].map(Height);
    let statements = heights.map(|height| (Kind::Minted, height, packet.clone(), ack.clone()));
    Whole::new(world.bundle_of(&statements), keys)
}
