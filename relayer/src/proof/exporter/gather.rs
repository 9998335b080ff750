//! Statements with the proofs that hold them.

use super::{At, ExportError, Exporter, Group, Item};
use crate::proof::{
    build::{Outcome, Ready},
    nodes::Asked,
    wanted::statement,
};

impl Exporter<'_> {
    /// Statements with their proofs: read from the store, or asked of nodes.
    pub(super) async fn ready(
        &mut self,
        group: &mut Group,
        items: Vec<Item>,
        asked: Option<&Result<Asked, String>>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Ready>, ExportError> {
        let (mut ready, mut open) = (Vec::new(), Vec::new());
        for item in items {
            let At::Store { proofs, height } = &item.at else {
                open.push(item);
                continue;
            };
            let (mut found, height) = (Vec::with_capacity(proofs.len()), *height);
            for id in proofs {
                found.extend(group.pool.proof(self.store, *id).await?);
            }
            if found.len() == proofs.len() {
                ready.push(Ready { statement: statement(&item.row, item.kind, height), item, proofs: found });
            } else {
                outcome.lost.push((item, "the store no longer has the proof".into()));
            }
        }
        if open.is_empty() {
            return Ok(ready);
        }
        let asked = match asked {
            Some(Ok(asked)) => asked,
            Some(Err(reason)) => {
                outcome.lost.extend(open.into_iter().map(|item| (item, reason.clone())));
                return Ok(ready);
            }
            None => return Ok(ready),
        };
        let at = match asked.newest(self.store, &group.anchor, &mut group.pool).await {
            Ok(at) => at,
            Err(error) => {
                let reason = asked.explain(group.anchor.client.height(), &error);
                outcome.lost.extend(open.into_iter().map(|item| (item, reason.clone())));
                return Ok(ready);
            }
        };
        let statements: Vec<_> = open.iter().map(|item| statement(&item.row, item.kind, at.height)).collect();
        let claims: Vec<_> = statements
            .iter()
            .flat_map(|s| s.kind.paths(&s.packet).into_iter().zip(s.claims()).map(|(path, (_, claim))| (path, claim)))
            .collect();
        let mut answers = asked.prove(&at, &claims).await.into_iter();
        for (item, statement) in open.into_iter().zip(statements) {
            let its: Vec<_> = answers.by_ref().take(statement.claims().len()).collect();
            match its.into_iter().collect::<Result<Vec<_>, _>>() {
                Ok(proofs) => ready.push(Ready { item, statement, proofs }),
                Err(reason) => outcome.lost.push((item, reason)),
            }
        }
        Ok(ready)
    }
}
