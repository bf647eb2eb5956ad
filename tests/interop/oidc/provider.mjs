/**
 * A certified OpenID provider (oidc-provider) with the shape of ProConnect's claims, for tests alone.
 *
 * `node provider.mjs <base address of the node>` prints `{"issuer": …}` and serves until its input
 * ends. Two clients: `entente` has a secret and gets its user info signed, as ProConnect does;
 * `entente-key` proves itself by the key in the environment. Its login form takes any name of `PEOPLE`
 * and the level of the login; `POST /control/rotate` gives it new keys.
 */

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("../../../web/package.json", import.meta.url));
const { Provider } = await import(createRequire(WEB).resolve("oidc-provider"));

const PEOPLE = {
  angela: { given_name: "Angela", usual_name: "Dubois", email: "angela@exemple.example", siret: "13002526500013", uid: "1", idp_id: "71144ab3-ee1a-4401-b7b3-79b44f7daeeb", organizational_unit: "comptabilite" },
  bruno: { given_name: "Bruno", usual_name: "Le Goff", email: "bruno@exemple.example", siret: "13002526500013", uid: "2", idp_id: "71144ab3-ee1a-4401-b7b3-79b44f7daeeb", organizational_unit: "cabinet" },
};

const base = process.argv[2];
const server = createServer((request, response) => serve(request, response));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function fresh() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

function client(id, provider, extra) {
  return {
    client_id: id,
    redirect_uris: [`${base}/api/login/callback/${provider}`],
    post_logout_redirect_uris: [`${base}/`],
    backchannel_logout_uri: `${base}/api/login/backchannel/${provider}`,
    backchannel_logout_session_required: true,
    ...extra,
  };
}

function make(keys) {
  const made = new Provider(issuer, {
    jwks: { keys },
    clients: [
      client("entente", "proconnect", { client_secret: "not-a-secret-at-all", userinfo_signed_response_alg: "RS256" }),
      client("entente-key", "by-key", { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [JSON.parse(process.env.CLIENT_KEY)] } }),
    ],
    acrValues: ["eidas1", "eidas2", "eidas3"],
    claims: {
      openid: ["sub", "acr", "sid"],
      given_name: ["given_name"],
      usual_name: ["usual_name"],
      email: ["email"],
      siret: ["siret"],
      uid: ["uid"],
      idp_id: ["idp_id"],
      organizational_unit: ["organizational_unit"],
    },
    scopes: ["openid"],
    cookies: { keys: ["made-up"] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => (PEOPLE[sub] ? { accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) } : undefined),
    // Nobody is asked what to share: a ministry's own provider does not.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid given_name usual_name email siret uid idp_id organizational_unit");
      await grant.save();
      return grant;
    },
  });
  return { oidc: made, callback: made.callback() };
}

let current = make([fresh()]);

async function serve(request, response) {
  const path = new URL(request.url, issuer).pathname;
  try {
    if (path === "/control/rotate") {
      current = make([fresh()]);
      response.end("rotated");
    } else if (path.startsWith("/interaction/")) await interact(request, response);
    else current.callback(request, response);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}

async function interact(request, response) {
  const { params } = await current.oidc.interactionDetails(request, response);
  if (request.method === "POST") {
    const form = new URLSearchParams(await body(request));
    const acr = form.get("level") ?? "eidas1";
    await current.oidc.interactionFinished(request, response, { login: { accountId: form.get("name"), acr, amr: ["pwd"] } });
    return;
  }
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(`<!doctype html><html lang="fr"><title>Connexion</title><main><h1>Connexion</h1><p id="asked">${String(params.acr_values ?? "").replace(/[^a-z0-9 ]/g, "")}</p>
<form method="post"><label>Nom <input name="name" value="angela"></label><label>Niveau <input name="level" value="eidas1"></label><button>Continuer</button></form></main></html>`);
}

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

process.stdin.on("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ issuer }));
