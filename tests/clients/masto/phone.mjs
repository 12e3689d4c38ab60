// An app made with masto: registers, is let in by code with PKCE, listens over WebSocket, and says
// on standard output what it sees. The test answers on standard input.
import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";

const url = process.argv[2];
const redirectUri = "org.example.phone:/signed-in";
const scopes = "read write follow push";
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => console.log(JSON.stringify(what));
const answer = async () => (await input.next()).value;

const app = await createRestAPIClient({ url }).v1.apps.create({
  clientName: "masto",
  redirectUris: redirectUri,
  scopes,
});
const codeVerifier = randomBytes(48).toString("base64url");
const asked = new URL("/oauth/authorize", url);
asked.search = new URLSearchParams({
  response_type: "code",
  client_id: app.clientId,
  redirect_uri: redirectUri,
  scope: scopes,
  state: "a state",
  code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
  code_challenge_method: "S256",
});
say({ authorize: asked.href });
const code = await answer();
const oauth = createOAuthAPIClient({ url });
const grant = {
  grantType: "authorization_code",
  clientId: app.clientId,
  clientSecret: app.clientSecret,
  redirectUri,
  code,
};
let refused = null;
try {
  await oauth.token.create({ ...grant, codeVerifier: "x".repeat(64) });
} catch (error) {
  refused = error.statusCode;
}
say({ refusedWithOtherVerifier: refused });
const again = await answer();
const token = await oauth.token.create({ ...grant, code: again, codeVerifier });
const masto = createRestAPIClient({ url, accessToken: token.accessToken });
const me = await masto.v1.accounts.verifyCredentials();
const instance = await masto.v2.instance.fetch();
const post = await masto.v1.statuses.create({ status: "Hello from masto", visibility: "public" });
const streaming = createStreamingAPIClient({
  streamingApiUrl: instance.configuration.urls.streaming,
  accessToken: token.accessToken,
});
const events = streaming.user.subscribe();
const heard = (async () => {
  for await (const event of events) {
    if (event.event === "notification") return event.payload;
  }
})();
await streaming.prepare();
say({ me: me.acct, post: post.id, uri: post.uri, streaming: instance.configuration.urls.streaming });
const notification = await heard;
say({
  type: notification.type,
  from: notification.account.acct,
  inReplyTo: notification.status.inReplyToId,
});
streaming.close();
process.exit(0);
