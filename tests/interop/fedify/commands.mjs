// SPDX-License-Identifier: AGPL-3.0-or-later
// What a test can make the people of the Fedify server do. Each command is a function of
// (application, arguments) to a plain value; deliveries have been answered when it returns.

import * as vocab from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { isProven, proofsOf } from "./federation.mjs";

/** Follow an actor; the id of the Follow. */
async function follow(app, { as, actor }) {
  const { ctx } = app;
  const activity = new vocab.Follow({
    id: newId(ctx, as, "follows"),
    actor: ctx.getActorUri(as),
    object: new URL(actor),
    to: new URL(actor),
  });
  app.world.objects.set(activity.id.href, activity);
  await send(app, as, [actor], activity);
  return activity.id.href;
}

/** Write a Page (with a name) or a Note; to a group, to followers, or to people alone. */
async function post(app, { as, name, content, group, inReplyTo, people, direct, followers }) {
  const { ctx, world } = app;
  const type = name == null ? vocab.Note : vocab.Page;
  const id = crypto.randomUUID();
  const audience = [...(direct ? [] : [vocab.PUBLIC_COLLECTION]), ...urls([group, ...(people ?? [])])];
  const object = new type({
    id: ctx.getObjectUri(type, { id }),
    attribution: ctx.getActorUri(as),
    name,
    content,
    audience: group == null ? undefined : new URL(group),
    replyTarget: inReplyTo == null ? undefined : new URL(inReplyTo),
    tos: audience,
    ccs: direct ? [] : [ctx.getFollowersUri(as)],
    tags: urls(people ?? []).map((href) => new vocab.Mention({ href, name: href.href })),
    published: Temporal.Now.instant(),
    url: ctx.getObjectUri(type, { id }),
  });
  const create = new vocab.Create({
    id: ctx.getObjectUri(vocab.Create, { id }),
    actor: ctx.getActorUri(as),
    object,
    audience: object.audienceId,
    tos: object.toIds,
    ccs: object.ccIds,
  });
  world.objects.set(object.id.href, object);
  world.objects.set(create.id.href, create);
  await send(app, as, [group, ...(people ?? [])], create, followers);
  return object.id.href;
}

/** Change what a post says. */
async function edit(app, { as, id, content, group, followers }) {
  const { ctx, world } = app;
  const object = world.objects.get(id).clone({ content, updated: Temporal.Now.instant() });
  world.objects.set(id, object);
  const update = new vocab.Update({
    id: newId(ctx, as, "updates"),
    actor: ctx.getActorUri(as),
    object,
    audience: object.audienceId,
    tos: object.toIds,
    ccs: object.ccIds,
  });
  await send(app, as, [group], update, followers);
  return update.id.href;
}

/** Delete a post. */
async function remove(app, { as, id, group, followers }) {
  const { ctx, world } = app;
  const object = world.objects.get(id);
  world.objects.set(id, new vocab.Tombstone({ id: new URL(id) }));
  const activity = new vocab.Delete({
    id: newId(ctx, as, "deletes"),
    actor: ctx.getActorUri(as),
    object: new URL(id),
    audience: object.audienceId,
    tos: object.toIds,
    ccs: object.ccIds,
  });
  await send(app, as, [group], activity, followers);
  return activity.id.href;
}

const VOTES = { like: vocab.Like, dislike: vocab.Dislike };

/** Like or dislike a post; the id of the vote. */
async function vote(app, { as, object, kind, to }) {
  const { ctx, world } = app;
  const id = ctx.getObjectUri(vocab.Like, { id: crypto.randomUUID() });
  const values = { id, actor: ctx.getActorUri(as), object: new URL(object) };
  const activity = new VOTES[kind]({ ...values, audience: to == null ? undefined : new URL(to) });
  world.objects.set(id.href, activity);
  await send(app, as, [to], activity);
  return id.href;
}

/** Take back what was sent under an id, a Follow or a vote. */
async function undo(app, { as, id, to }) {
  const { ctx, world } = app;
  const activity = new vocab.Undo({
    id: newId(ctx, as, "undos"),
    actor: ctx.getActorUri(as),
    object: world.objects.get(id),
    to: new URL(to),
  });
  await send(app, as, [to], activity);
  return activity.id.href;
}

/** Read a document as Fedify understands it, signed as `as` or unsigned. */
async function lookup(app, { as, url }) {
  const loaders = await loadersOf(app, as);
  const object = await app.ctx.lookupObject(url, loaders);
  return object == null ? null : await object.toJsonLd({ format: "expand", ...loaders });
}

/** What WebFinger says about the URL of an actor: its handle, and the actors that answer to it. */
async function finger({ ctx }, { url }) {
  const found = await ctx.lookupWebFinger(url);
  if (found == null) return null;
  const links = found.links.filter((link) => link.rel === "self");
  return { subject: found.subject, actors: links.map((link) => link.href) };
}

/** The items of a collection, their types and ids, as Fedify pages through it. */
async function collect(app, { as, url }) {
  const loaders = await loadersOf(app, as);
  const collection = await app.ctx.lookupObject(url, loaders);
  const items = [];
  for await (const item of app.ctx.traverseCollection(collection, loaders)) {
    items.push({ type: item.constructor.name, id: item.id?.href ?? null });
  }
  return { type: collection.constructor.name, total: collection.totalItems, items };
}

/** What the proofs of a document are worth: whose they are, and whether Fedify believes it all. */
async function proofs(app, { as, document }) {
  const loaders = await loadersOf(app, as);
  const found = await proofsOf(document, loaders);
  return { proofs: found, proven: found != null && (await isProven(document, loaders)) };
}

/** What was received after the first `after`; waits for something, at most `seconds`. */
async function received(app, { after, seconds }) {
  return await app.world.receivedAfter(after, 1000 * seconds);
}

/** The ids of someone's followers. */
async function followers(app, { of }) {
  return [...app.world.followers.get(of).keys()];
}

/** Start anew: no followers, nothing written, nothing received. */
async function forget(app) {
  app.world.forget();
  return null;
}

export const COMMANDS = {
  follow,
  post,
  edit,
  remove,
  vote,
  undo,
  lookup,
  finger,
  collect,
  proofs,
  received,
  followers,
  forget,
};

function newId(ctx, as, kind) {
  return new URL(`#${kind}/${crypto.randomUUID()}`, ctx.getActorUri(as));
}

function urls(all) {
  return all.filter((one) => one != null).map((one) => new URL(one));
}

async function loadersOf({ ctx }, as) {
  const documentLoader =
    as == null ? ctx.documentLoader : await ctx.getDocumentLoader({ identifier: as });
  return { documentLoader, contextLoader: ctx.contextLoader };
}

/** Deliver to actors, and to the author's followers if asked; signed once for all of them. */
async function send(app, as, actors, activity, withFollowers = false) {
  const { ctx, world } = app;
  const loaders = await loadersOf(app, as);
  const recipients = withFollowers ? [...world.followers.get(as).values()] : [];
  for (const actor of urls(actors)) {
    const found = await ctx.lookupObject(actor, loaders);
    if (found == null) throw new Error(`cannot read the actor ${actor.href}`);
    recipients.push(found);
  }
  await ctx.sendActivity({ identifier: as }, recipients, activity, { immediate: true });
}
