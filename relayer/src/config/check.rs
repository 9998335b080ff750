//! What must hold between the tables: names that exist, identifiers that are unique, clients that match.

use super::error::{Origin, Report, did_you_mean};
use super::node::{Kind, Node};
use super::types::{ClientConfig, Config, Family};
use lupu_standard::ChainId;
use std::collections::BTreeMap;

/// Checks the whole configuration against itself.
pub(super) fn config(config: &Config, root: &Node, report: &Report<'_>) {
    chain_ids(config, root, report);
    for (i, client) in config.clients.iter().enumerate() {
        let at = |field: &str| (origin(root, &["clients"], Some(i), field), format!("clients[{i}].{field}"));
        chains_exist(config, client, &at, report);
        unique(config, i, client, &at, report);
        matched(config, client, &at, report);
        bound_needs_contracts(config, client, &at, report);
    }
}

type Place<'a> = dyn Fn(&str) -> (Origin, String) + 'a;

fn chain_ids(config: &Config, root: &Node, report: &Report<'_>) {
    let mut seen: BTreeMap<String, &ChainId> = BTreeMap::new();
    for (name, chain) in &config.chains {
        let (field, what, identity) = match &chain.family {
            Family::Evm(evm) => ("chain_id", "chain id", evm.chain_id.to_string()),
            Family::Substrate(substrate) => ("genesis", "genesis hash", substrate.genesis.to_string()),
        };
        let problem = |other: &ChainId| format!("{identity} is the {what} of `{other}` too");
        if let Some(problem) = seen.get(&identity).map(|other| problem(other)) {
            let at = origin(root, &["chains", name.as_str()], None, field);
            report.add(&at, &format!("chains.{name}.{field}"), problem, "each chain has its own");
        }
        seen.insert(identity, name);
    }
}

fn chains_exist(config: &Config, client: &ClientConfig, at: &Place<'_>, report: &Report<'_>) {
    for (field, name) in [("on", &client.on), ("of", &client.of)] {
        if config.chains.contains_key(name) {
            continue;
        }
        let (origin, path) = at(field);
        let help = match did_you_mean(name.as_str(), config.chains.keys().map(ChainId::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("add [chains.{name}]"),
        };
        report.add(&origin, &path, format!("there is no chain \"{name}\""), help);
    }
    if client.on == client.of {
        let (origin, path) = at("of");
        report.add(&origin, &path, "a client cannot track the chain it is on", "");
    }
}

fn unique(config: &Config, i: usize, client: &ClientConfig, at: &Place<'_>, report: &Report<'_>) {
    if config.clients.iter().take(i).any(|c| c.id == client.id) {
        let (origin, path) = at("id");
        report.add(
            &origin,
            &path,
            format!("\"{}\" is the id of another client", client.id),
            "ids are unique in the consortium",
        );
    }
}

fn matched(config: &Config, client: &ClientConfig, at: &Place<'_>, report: &Report<'_>) {
    let (origin, path) = at("counterparty");
    let Some(other) = config.clients.iter().find(|c| c.id == client.counterparty) else {
        if client.bound {
            let near = did_you_mean(client.counterparty.as_str(), config.clients.iter().map(|c| c.id.as_str()));
            let help = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("create it with `lupu client create --on {} --of {}`", client.of, client.on),
            };
            report.add(&origin, &path, format!("there is no client \"{}\"", client.counterparty), help);
        }
        return;
    };
    if !other.is_counterparty_of(client) {
        let problem = format!(
            "\"{}\" is on {}, tracks {} and names \"{}\": it is not the counterparty of \"{}\"",
            other.id, other.on, other.of, other.counterparty, client.id
        );
        report.add(&origin, &path, problem, "both clients of a route must name each other");
    }
}

fn bound_needs_contracts(config: &Config, client: &ClientConfig, at: &Place<'_>, report: &Report<'_>) {
    if !client.bound {
        return;
    }
    let (origin, path) = at("bound");
    // On chains whose runtime hosts the clients there is no contract to name.
    let in_contracts = config.chains.get(&client.on).is_none_or(|chain| chain.evm().is_some());
    if in_contracts && client.light_client.is_none() {
        report.add(
            &origin,
            &path,
            "is true, but there is no light_client",
            "`lupu client create` deploys and writes it",
        );
    }
    if let Some(chain) = config.chains.get(&client.on).filter(|c| c.needs_contracts()) {
        let help = format!("run `lupu deploy --chain {}`", chain.name);
        report.add(&origin, &path, format!("is true, but chain {} has no contracts", chain.name), help);
    }
}

/// Where a field stands; the enclosing table if the field is not written.
fn origin(root: &Node, path: &[&str], index: Option<usize>, field: &str) -> Origin {
    let mut node = root;
    for key in path {
        match get(node, key) {
            Some(next) => node = next,
            None => return node.origin.clone(),
        }
    }
    if let (Some(i), Kind::Array(nodes)) = (index, &node.kind) {
        match nodes.get(i) {
            Some(next) => node = next,
            None => return node.origin.clone(),
        }
    }
    get(node, field).map_or_else(|| node.origin.clone(), |n| n.origin.clone())
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Table(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
        _ => None,
    }
}
