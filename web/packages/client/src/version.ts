/** The version of the SDK, as it tells the node. */
export const VERSION = "0.1.0";
