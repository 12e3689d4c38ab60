// SPDX-License-Identifier: AGPL-3.0-or-later
// Runs the Fedify server of the tests: a door for peers, and a door for the test.
//
//   node peer.mjs '{"host": "127.0.0.2", "names": ["alice"], "scheme": "rfc9421", "secure": false}'
//
// It prints one line of JSON with both origins when it listens, and ends when its standard input
// ends, so that it never outlives who started it.

import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { Writable } from "node:stream";
import { configure, getStreamSink } from "@logtape/logtape";
import { COMMANDS } from "./commands.mjs";
import { makeFederation, prove, World } from "./federation.mjs";

const CAVAGE = "draft-cavage-http-signatures-12";
const RFC9421 = "rfc9421";
const LONGEST_LIFE_MS = 900_000;

const options = JSON.parse(process.argv[2]);

await configure({
  contextLocalStorage: new AsyncLocalStorage(),
  sinks: { stderr: getStreamSink(Writable.toWeb(process.stderr)) },
  loggers: [
    { category: "fedify", sinks: ["stderr"], lowestLevel: "warning" },
    { category: ["fedify", "sig"], sinks: ["stderr"], lowestLevel: "debug", parentSinks: "override" },
    { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
  ],
});

const world = new World(options.names);
const { federation, current } = await makeFederation(world, {
  firstKnock: options.scheme,
  secure: options.secure,
});

/** The kind of signature of a request; null for none. */
function schemeOf(headers) {
  if (headers.get("signature") == null) return null;
  return headers.get("signature-input") == null ? CAVAGE : RFC9421;
}

async function bodyOf(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function requestOf(incoming, origin, body) {
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  }
  const method = incoming.method;
  const init = method === "GET" || method === "HEAD" ? { method, headers } : { method, headers, body };
  return new Request(origin + incoming.url, init);
}

/** Give an inbox request to Fedify, and keep what it proved and heard. */
async function receive(request, body) {
  const scheme = schemeOf(request.headers);
  if (scheme !== options.scheme) {
    world.hear({ scheme, status: 401, document: null, heard: null });
    return new Response("Sign with the other scheme.", { status: 401 });
  }
  const document = JSON.parse(body.toString());
  const record = { scheme, document, heard: null };
  Object.assign(record, await prove(federation, request, document));
  const response = await current.run(record, () => federation.fetch(request, {}));
  world.hear({ ...record, status: response.status });
  return response;
}

async function answerPeer(incoming, origin) {
  const body = await bodyOf(incoming);
  const request = requestOf(incoming, origin, body);
  const isInbox = incoming.method === "POST" && incoming.url.endsWith("/inbox");
  return isInbox ? await receive(request, body) : await federation.fetch(request, {});
}

async function answerTest(incoming, origin) {
  const command = COMMANDS[incoming.url.slice(1)];
  if (command == null) return new Response("no such command", { status: 404 });
  const ctx = federation.createContext(new URL(origin), undefined);
  const given = JSON.parse((await bodyOf(incoming)).toString());
  return Response.json(await command({ ctx, world }, given));
}

async function write(outgoing, response) {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

function failed(error) {
  process.stderr.write(`${error.stack}\n`);
  return Response.json({ error: error.message }, { status: 500 });
}

/** Listen on a free port; the origin. `answer` is given the request and `about()`. */
async function listen(host, answer, about) {
  const server = createServer(async (incoming, outgoing) => {
    const response = await answer(incoming, about()).catch(failed);
    await write(outgoing, response);
  });
  await new Promise((resolve) => server.listen(0, host, resolve));
  return `http://${host}:${server.address().port}`;
}

let origin = null;
origin = await listen(options.host, answerPeer, () => origin);
const control = await listen("127.0.0.1", answerTest, () => origin);
process.stdin.on("end", () => process.exit(0)).resume();
setTimeout(() => process.exit(1), LONGEST_LIFE_MS);
process.stdout.write(`${JSON.stringify({ origin, control })}\n`);
