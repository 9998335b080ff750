//! `lupu message`: calls a contract on another chain (ICS-27 GMP).

use crate::commands::send::{Way, finish};
use crate::context::Context;
use crate::failure::Failure;
use crate::input;
use crate::links;
use alloy::dyn_abi::{DynSolType, JsonAbiExt};
use alloy::json_abi::Function;
use alloy::primitives::{Address, Bytes};
use lupu_evm::send::{CallRequest, send_call};

const EXAMPLES: &str = "\
Examples:
  lupu message --from harbour --to bank --target 0x… --signature 'register(string,bytes32,string)' \\
      SHPU-2026-000117 0x5f0c… 'Lupu Lines'
  lupu message --from harbour --to bank --target 0x… --data 0x1249c58b --wait

The call is made by the sender's own account on the other chain, never by the sender's address itself.
With --wait: exit code 0 if it was executed, 1 if it failed or came too late.";

/// Options of `message`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    way: Way,
    /// The contract to call, on the other chain.
    #[arg(long, value_name = "ADDRESS")]
    target: Address,
    /// Calldata in hex.
    #[arg(long, value_name = "0xHEX", required_unless_present = "signature", conflicts_with = "signature")]
    data: Option<String>,
    /// The function to call, with its arguments behind it.
    #[arg(long, value_name = "FUNCTION(TYPES)")]
    signature: Option<String>,
    /// The function's arguments, one by one.
    #[arg(value_name = "ARGUMENT", requires = "signature", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Chooses one of the sender's accounts on the other chain.
    #[arg(long, value_name = "0xHEX", default_value = "0x")]
    salt: String,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let (chain, client) = args.way.client(&config)?;
    let contracts = links::contracts(chain)?;
    let payload: Bytes = match (&args.data, &args.signature) {
        (Some(data), _) => input::hex("--data", data)?.into(),
        (None, Some(signature)) => encode(signature, &args.arguments)?.into(),
        (None, None) => return Err(Failure::usage("give --data or --signature")),
    };
    let salt = input::hex("--salt", &args.salt)?.into();
    let wallet = links::wallet(&config, chain, args.way.key.as_deref(), context).await?;
    let timeout = wallet.time().await?.saturating_add(args.way.timeout.as_secs());
    let request = CallRequest {
        client: client.id.clone(),
        receiver: format!("{:#x}", args.target),
        payload,
        salt,
        timeout_timestamp: timeout,
        memo: args.way.memo.clone(),
    };
    let sent = send_call(&wallet, contracts.gmp, request).await?;
    let what = format!("message from {} to {} on {}", args.way.from, args.target, args.way.to);
    finish(&args.way, &config, client, sent, timeout, &what, context).await
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
