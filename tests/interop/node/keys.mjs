// A key of a partner, registered with the operator's command beside the running server.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operator } from "./operator.mjs";

export const KID = "interop-1";

// The key pair that a partner signs with from now on.
export async function registered(clientId, ...more) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const file = join(mkdtempSync(join(tmpdir(), "ringwall-")), "jwks.json");
  writeFileSync(file, JSON.stringify({ keys: [{ kty, crv, x, y, kid: KID, use: "sig" }] }));
  operator("admin", "keys", "--client", clientId, "--jwks", file, ...more);
  return pair.privateKey;
}
