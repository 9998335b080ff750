//! `lupu message`: calls a contract or a runtime on another chain (ICS-27 GMP).

use crate::account::Account;
use crate::commands::send::{Sent, Source, Way, finish};
use crate::context::Context;
use crate::failure::Failure;
use crate::host::Host;
use crate::input;
use crate::links;
use alloy::dyn_abi::{DynSolType, JsonAbiExt};
use alloy::json_abi::Function;
use lupu_evm::send as evm;
use lupu_relayer::config::{ChainConfig, Family};
use lupu_substrate::{call_text, send as substrate};

const EXAMPLES: &str = "\
Examples, to an EVM chain:
  lupu message --from harbour --to bank --target 0x… --signature 'register(string,bytes32,string)' \\
      SHPU-2026-000117 0x5f0c… 'Lupu Lines'
  lupu message --from harbour --to bank --target 0x… --data 0x1249c58b --wait
To a Substrate chain:
  lupu message --from harbour --to customs --call CustomsRegistry.record_inspection SHPU-2026-000117 'seal broken'
  lupu message --from harbour --to customs --call Balances.transfer_keep_alive 5Grwva… 1_000_000 --wait
  lupu message --from harbour --to customs --data 0x0f00…         a call that is encoded already

Arguments of --call: words and 0x… for bytes, SS58 or 0x… for accounts, numbers, names; what is nested, as
scale-value writes it: (1, 2), { field: 1 }, Some(1). The call is encoded for the runtime that the chain has now.
It is made by the sender's own account on the other chain, never by the sender's address itself. With --wait:
exit code 0 if it was executed, 1 if it failed or came too late.";

/// Options of `message`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, group = clap::ArgGroup::new("what").required(true))]
pub struct Args {
    #[command(flatten)]
    way: Way,
    /// The contract to call, on the other chain. Substrate chains have none: leave it out.
    #[arg(long, value_name = "ADDRESS")]
    target: Option<String>,
    /// Calldata in hex; for a Substrate chain an encoded call.
    #[arg(long, value_name = "0xHEX", group = "what")]
    data: Option<String>,
    /// The function of an EVM chain's contract to call, with its arguments behind it.
    #[arg(long, value_name = "FUNCTION(TYPES)", group = "what")]
    signature: Option<String>,
    /// The call of a Substrate chain's runtime to make, with its arguments behind it.
    #[arg(long, value_name = "PALLET.CALL", group = "what")]
    call: Option<String>,
    /// The arguments, one by one; behind -- where one begins with a hyphen.
    #[arg(value_name = "ARGUMENT", conflicts_with = "data", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Chooses one of the sender's accounts on the other chain.
    #[arg(long, value_name = "0xHEX", default_value = "0x")]
    salt: String,
}

/// What is called, in the other chain's form.
struct Call {
    receiver: String,
    payload: Vec<u8>,
    /// For a person.
    shown: String,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let (chain, client) = args.way.client(&config)?;
    let to = links::chain(&config, &args.way.to)?;
    let salt = input::hex("--salt", &args.salt)?;
    let call = match &to.family {
        Family::Evm(_) => contract_call(args, to)?,
        Family::Substrate(_) => runtime_call(args, to).await?,
    };
    let host = Host::open(&config, chain, args.way.key.as_deref(), context).await?;
    let timeout = host.time().await?.saturating_add(args.way.timeout.as_secs());
    let (client_id, memo) = (client.id.clone(), args.way.memo.clone());
    let Call { receiver, payload, shown } = call;
    let sent: Sent = match &host {
        Host::Evm(wallet, contracts) => {
            let (payload, salt) = (payload.into(), salt.into());
            let request =
                evm::CallRequest { client: client_id, receiver, payload, salt, timeout_timestamp: timeout, memo };
            evm::send_call(wallet, contracts.gmp, request).await?.into()
        }
        Host::Substrate(wallet) => {
            let request =
                substrate::CallRequest { client: client_id, receiver, payload, salt, timeout_timestamp: timeout, memo };
            substrate::send_call(wallet, request).await?.into()
        }
    };
    let what = format!("message from {} to {shown} on {}", args.way.from, args.way.to);
    let source = Source { way: &args.way, config: &config, client, host: &host };
    finish(source, sent, timeout, &what, context).await
}

/// What is sent to an EVM chain: a contract and calldata.
fn contract_call(args: &Args, to: &ChainConfig) -> Result<Call, Failure> {
    let name = &to.name;
    if args.call.is_some() {
        return Err(Failure::usage(format!(
            "--call is for Substrate chains, but {name} is an EVM chain: write --target 0x… --signature 'FUNCTION(TYPES)'"
        )));
    }
    let target = args.target.as_deref().ok_or_else(|| {
        Failure::usage(format!("--target is missing: {name} is an EVM chain, say which contract is to be called"))
    })?;
    let target = Account::parse("--target", target, to)?;
    let payload = match (&args.data, &args.signature) {
        (Some(data), _) => input::hex("--data", data)?,
        (None, Some(signature)) => encode(signature, &args.arguments)?,
        (None, None) => return Err(Failure::usage("give --data or --signature")),
    };
    Ok(Call { receiver: target.on_the_wire(), payload, shown: target.to_string() })
}

/// What is sent to a Substrate chain: a call of its runtime, for the version that it has now.
async fn runtime_call(args: &Args, to: &ChainConfig) -> Result<Call, Failure> {
    let name = &to.name;
    if args.target.is_some() {
        return Err(Failure::usage(format!(
            "--target is for EVM chains, but {name} is a Substrate chain, whose calls name their pallet: leave it out"
        )));
    }
    if args.signature.is_some() {
        return Err(Failure::usage(format!(
            "--signature is for EVM chains, but {name} is a Substrate chain: write --call PALLET.CALL ARGUMENT…"
        )));
    }
    let data = args.data.as_ref().map(|data| input::hex("--data", data)).transpose()?;
    let runtime = links::runtime(to).await?;
    let (payload, shown) = match (data, &args.call) {
        (Some(data), _) => call_text::payload_of_encoded(&runtime, &data)
            .map_err(|e| Failure::usage(format!("--data is no call of {name}: {e}")))?,
        (None, Some(call)) => {
            let payload = call_text::payload(&runtime, call, &args.arguments);
            (payload.map_err(|e| Failure::usage(format!("--call on {name}: {e}")))?, call.clone())
        }
        (None, None) => return Err(Failure::usage("give --call or --data")),
    };
    Ok(Call { receiver: substrate::MESSAGE_RECEIVER.into(), payload, shown })
}

/// Calldata of a function and its arguments.
fn encode(signature: &str, arguments: &[String]) -> Result<Vec<u8>, Failure> {
    let function =
        Function::parse(signature).map_err(|e| Failure::usage(format!("--signature \"{signature}\": {e}")))?;
    if function.inputs.len() != arguments.len() {
        let message = format!(
            "{} takes {} arguments, {} are given",
            function.signature(),
            function.inputs.len(),
            arguments.len()
        );
        return Err(Failure::usage(message));
    }
    let mut values = Vec::with_capacity(arguments.len());
    for (i, (input, text)) in function.inputs.iter().zip(arguments).enumerate() {
        let kind: DynSolType =
            input.ty.parse().map_err(|e| Failure::usage(format!("--signature: type {}: {e}", input.ty)))?;
        let value =
            kind.coerce_str(text).map_err(|e| Failure::usage(format!("argument {} is no {}: {e}", i + 1, input.ty)))?;
        values.push(value);
    }
    function.abi_encode_input(&values).map_err(|e| Failure::usage(format!("--signature: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_encoded_as_solidity_does() {
        let owner = "0x1000000000000000000000000000000000000001".to_owned();
        let data = encode("transfer(address,uint256)", &[owner, "5".into()]).unwrap();
        assert_eq!(hex::encode(&data[..4]), "a9059cbb");
        assert_eq!(data.len(), 68);
        let line = |signature: &str, arguments: &[&str]| {
            encode(signature, &arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>()).unwrap_err().line
        };
        assert_eq!(line("f(uint8)", &[]), "f(uint8) takes 1 arguments, 0 are given");
        assert!(line("f(uint8)", &["300"]).starts_with("argument 1 is no uint8"));
        assert!(line("f(", &[]).starts_with("--signature"));
    }
}
