// SPDX-License-Identifier: AGPL-3.0-or-later
// A Fedify application with a few people in memory: what they publish, and every activity that
// reaches them, with what Fedify could prove of it.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  createFederation,
  detachSignature,
  generateCryptoKeyPair,
  MemoryKvStore,
  verifyObject,
  verifyProof,
  verifyRequest,
} from "@fedify/fedify";
import * as vocab from "@fedify/vocab";

const SERVER = "server";

/** People, what they wrote and sent by id, and what was received, oldest first. */
export class World {
  followers = new Map();
  objects = new Map();
  received = [];
  #waiting = [];

  constructor(names) {
    this.names = new Set([SERVER, ...names]);
    this.forget();
  }

  forget() {
    for (const name of this.names) this.followers.set(name, new Map());
    this.objects.clear();
    this.received.length = 0;
  }

  hear(record) {
    this.received.push(record);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** What was received after the first `after`; waits for something, at most `ms`. */
  async receivedAfter(after, ms) {
    if (this.received.length <= after) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.received.slice(after);
  }
}

/**
 * The federation of a world. `secure`: documents are given to signed requests only, as Mastodon's
 * authorized fetch does; the server's own actor stays open, so that its key can be had.
 */
export async function makeFederation(world, { firstKnock, secure }) {
  const keys = new Map(
    await Promise.all([...world.names].map(async (name) => [name, await makeKeys()])),
  );
  const current = new AsyncLocalStorage();
  const federation = createFederation({
    kv: new MemoryKvStore(),
    allowPrivateAddress: true,
    firstKnock,
  });
  const mayRead = async (ctx) => !secure || (await isSigned(ctx));
  federation
    .setActorDispatcher("/users/{identifier}", async (ctx, name) =>
      world.names.has(name) ? await describe(ctx, name) : null,
    )
    .setKeyPairsDispatcher((_ctx, name) => keys.get(name) ?? [])
    .authorize(async (ctx, name) => name === SERVER || (await mayRead(ctx)));
  federation
    .setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .setSharedKeyDispatcher(() => ({ identifier: SERVER }))
    .on(vocab.Follow, async (ctx, follow) => {
      current.getStore().heard = await describeActivity(ctx, follow);
      await answerFollow(ctx, world, follow);
    })
    .on(vocab.Undo, async (ctx, undo) => {
      current.getStore().heard = await describeActivity(ctx, undo);
      const undone = await undo.getObject(ctx);
      if (undone instanceof vocab.Follow) forgetFollower(ctx, world, undone);
    })
    .on(vocab.Activity, async (ctx, activity) => {
      current.getStore().heard = await describeActivity(ctx, activity);
    });
  serveCollections(federation, world);
  for (const [type, path] of [
    [vocab.Note, "/notes/{id}"],
    [vocab.Page, "/pages/{id}"],
    [vocab.Create, "/creates/{id}"],
    [vocab.Like, "/likes/{id}"],
  ]) {
    federation
      .setObjectDispatcher(type, path, (ctx, values) =>
        world.objects.get(ctx.getObjectUri(type, values).href) ?? null,
      )
      .authorize(mayRead);
  }
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
    software: { name: "fedify-peer", version: "1.0.0" },
    protocols: ["activitypub"],
    usage: { users: {}, localPosts: world.objects.size, localComments: 0 },
  }));
  return { federation, current };
}

async function makeKeys() {
  return await Promise.all([
    generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
    generateCryptoKeyPair("Ed25519"),
  ]);
}

async function isSigned(ctx) {
  const documentLoader = await ctx.getDocumentLoader({ identifier: SERVER });
  return (await ctx.getSignedKeyOwner({ documentLoader })) != null;
}

async function describe(ctx, name) {
  const pairs = await ctx.getActorKeyPairs(name);
  const values = {
    id: ctx.getActorUri(name),
    preferredUsername: name,
    name: name[0].toUpperCase() + name.slice(1),
    summary: `<p>${name} speaks by Fedify.</p>`,
    inbox: ctx.getInboxUri(name),
    outbox: ctx.getOutboxUri(name),
    followers: ctx.getFollowersUri(name),
    endpoints: new vocab.Endpoints({ sharedInbox: ctx.getInboxUri() }),
    url: ctx.getActorUri(name),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  };
  return name === SERVER ? new vocab.Application(values) : new vocab.Person(values);
}

async function answerFollow(ctx, world, follow) {
  const followee = ctx.parseUri(follow.objectId);
  const follower = await follow.getActor(ctx);
  if (followee?.type !== "actor" || follower == null) return;
  world.followers.get(followee.identifier)?.set(follower.id.href, follower);
  await ctx.sendActivity(
    { identifier: followee.identifier },
    follower,
    new vocab.Accept({
      id: new URL(`#accepts/${crypto.randomUUID()}`, follow.objectId),
      actor: follow.objectId,
      object: follow,
      to: follower.id,
    }),
  );
}

function forgetFollower(ctx, world, follow) {
  const followee = ctx.parseUri(follow.objectId);
  if (followee?.type === "actor") {
    world.followers.get(followee.identifier)?.delete(follow.actorId.href);
  }
}

function serveCollections(federation, world) {
  federation.setFollowersDispatcher("/users/{identifier}/followers", (_ctx, name) => ({
    items: [...(world.followers.get(name)?.values() ?? [])],
  }));
  federation.setOutboxDispatcher("/users/{identifier}/outbox", (ctx, name) => {
    const author = ctx.getActorUri(name).href;
    const all = [...world.objects.values()].filter((one) => one instanceof vocab.Create);
    return { items: all.filter((one) => one.actorId.href === author).reverse() };
  });
}

/** What Fedify reads in an activity, and in the one that it wraps. */
async function describeActivity(ctx, activity) {
  const told = {
    type: activity.constructor.name,
    id: activity.id?.href ?? null,
    actor: activity.actorId?.href ?? null,
    objectId: activity.objectId?.href ?? null,
    object: null,
  };
  // What is embedded from elsewhere is fetched from there; what cannot be had is not believed.
  const careful = { ...ctx, crossOrigin: "ignore", suppressError: true };
  const object = await activity.getObject(careful);
  if (object instanceof vocab.Activity) {
    const inner = await object.getObject(careful);
    told.object = {
      type: object.constructor.name,
      id: object.id?.href ?? null,
      actor: object.actorId?.href ?? null,
      objectId: object.objectId?.href ?? null,
      object: describeObject(inner),
    };
  } else {
    told.object = describeObject(object);
  }
  return told;
}

function describeObject(object) {
  if (object == null) return null;
  return {
    type: object.constructor.name,
    id: object.id?.href ?? null,
    name: object.name?.toString() ?? null,
    content: object.content?.toString() ?? null,
    author: object.attributionId?.href ?? null,
  };
}

/**
 * What can be proven about the bytes of a request to an inbox, each way by itself; and what of the
 * same request with one byte more, to show that this proves something.
 */
export async function prove(federation, request, document) {
  const ctx = federation.createContext(new URL(request.url), undefined);
  const documentLoader = await ctx.getDocumentLoader({ identifier: SERVER });
  const loaders = { documentLoader, contextLoader: ctx.contextLoader };
  const { url, method, headers } = request;
  const altered = new Request(url, { method, headers, body: `${await request.clone().text()} ` });
  return {
    signedBy: await signerOf(request.clone(), loaders),
    alteredSignedBy: await signerOf(altered, loaders),
    proofs: await proofsOf(document, loaders),
    wrappedProofs: await proofsOf(wrapped(document), loaders),
  };
}

async function signerOf(request, loaders) {
  const key = await verifyRequest(request, loaders);
  return key?.id?.href ?? null;
}

function wrapped(document) {
  const inner = document?.object;
  if (inner == null || typeof inner !== "object" || Array.isArray(inner)) return null;
  return { "@context": document["@context"], ...inner };
}

/**
 * The keys whose FEP-8b32 proofs hold, "" for one that does not; null without any proof. What
 * Fedify sends has an LD-Signature too, which was made after the proof.
 */
export async function proofsOf(signed, loaders) {
  if (signed?.proof == null) return null;
  const document = detachSignature(signed);
  const object = await vocab.Object.fromJsonLd(document, loaders);
  const found = [];
  for await (const proof of object.getProofs(loaders)) {
    const key = await verifyProof(document, proof, loaders);
    found.push(key?.id?.href ?? "");
  }
  return found;
}

/** Whether the proofs cover the author of a document: what makes it believed wherever it is from. */
export async function isProven(document, loaders) {
  const type = "actor" in document ? vocab.Activity : vocab.Object;
  return (await verifyObject(type, document, loaders)) != null;
}
