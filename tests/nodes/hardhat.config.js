// The chain that the tests run; hardfork and chain id come from the environment.
export default {
  networks: {
    node: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: Number(process.env.LUPU_CHAIN_ID ?? "31337"),
      hardfork: process.env.LUPU_HARDFORK ?? "berlin",
      gasPrice: 0,
      blockGasLimit: 60_000_000,
      allowUnlimitedContractSize: false,
    },
  },
};
