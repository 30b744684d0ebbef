// A real OpenID provider for the console's tests: `oidc-provider` on a free port, with operators who have roles.

import { Provider } from "oidc-provider";

/** Name and roles of each operator; the password is never asked for. */
const OPERATORS = {
  ada: { name: "Ada Lovelace", roles: ["helpdesk", "fobs", "auditor", "nod-admins"] },
  bo: { name: "Bo Bengtsson", roles: ["helpdesk", "fobs"] },
  nobody: { name: "Nobody Special", roles: ["kitchen"] },
};

/** Starts a provider that knows one client, and resolves to `{issuer, stop()}`. */
export async function startProvider({ port, client, secret, redirect }) {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client,
        client_secret: secret,
        redirect_uris: [redirect],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    cookies: { keys: ["only for tests"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: OPERATORS[id]?.name ?? id,
        preferred_username: OPERATORS[id]?.name ?? id,
        groups: { nod: OPERATORS[id]?.roles ?? [] },
      }),
    }),
  });
  const server = await new Promise((resolve) => {
    const listening = provider.listen(port, "127.0.0.1", () => resolve(listening));
  });
  const stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
  return { issuer, stop };
}

/** What an operator does at the provider: says who it is, and agrees. */
export async function signInAtProvider(page, name) {
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill("anything");
  await page.locator('button[type="submit"]').click();
  await page.locator('button[type="submit"]').click();
}
