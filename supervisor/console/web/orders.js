// Orders: what needs attention, one order, the search.
import { html, useEffect, useMemo, useState } from "./preact.js";
import { all, count, get, listen, order as orderPath, post, put, query, saveCsv, shop } from "./api.js";
import { amount, fault, number, reason, state, t, time } from "./i18n.js";
import { Age, Amount, Ask, Fault, Field, Outcome, Shop, State, Table, Tick, useList, useLoaded, useTask, Value } from "./ui.js";

const at = (one) => one.slug ?? one.workshop;
export const link = (one) => `#/order/${encodeURIComponent(at(one))}/${encodeURIComponent(one.uniqueid)}`;
const id = (one) => [one.daemon, at(one), one.uniqueid].join("\n");
const groupBy = (items, key) => {
  const groups = new Map();
  items.forEach((one) => (groups.get(key(one)) || groups.set(key(one), []).get(key(one))).push(one));
  return groups;
};
const reasons = ["worksheet_not_found", "worksheet_closed", "product_not_found", "amount_refused", "erp_rejected", "product_unmapped",
  "amount_implausible", "worksheet_locked", "erp_unreachable", "erp_busy", "erp_failure", "auth_failed", "outcome_unknown", "ui_changed",
  "browser_failure", "attempts_exhausted", "cleared", "written_off"];

const columns = (more = []) => [
  ...more,
  { title: t("worksheet"), of: (one) => html`<a href=${link(one)}><${Value}>${one.worksheet}<//></a>` },
  { title: t("product"), of: (one) => html`<${Value}>${one.product_nr}<//>` },
  { title: t("amount"), number: true, of: (one) => html`<${Amount} of=${one.product_amount} />` },
  { title: t("workshop"), of: (one) => html`<${Shop} of=${one} />` }];

// --- acts

const retryField = (one) => [
  { name: "worksheet", label: t("worksheet"), value: one.worksheet, required: true },
  { name: "product_nr", label: t("product"), value: one.product_nr, required: true },
  { name: "product_amount", label: t("amount"), value: one.product_amount, required: true, inputmode: "decimal" }];

// Only what differs is sent, so that a correction is visible as one.
const corrected = (one, values) => {
  const changed = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== one[name]));
  if (changed.product_amount) changed.product_amount = changed.product_amount.replace(",", ".");
  return one.reason_code === "amount_implausible" && !changed.product_amount ? { ...changed, confirm: true } : changed;
};

const acts = {
  retry: { verb: () => t("retry"), fields: retryField, send: (one, values) => put(orderPath(one, "/retry"), corrected(one, values)) },
  resolve: { verb: () => t("resolve"), text: () => t("resolve_text"),
    fields: () => [{ name: "note", label: t("note"), required: true }],
    send: (one, values) => put(orderPath(one, "/resolve"), values) },
  write_off: { verb: () => t("write_off"), text: () => t("write_off_text"),
    fields: () => [{ name: "reason", label: t("why"), choices: ["spill", "test", "warranty", "other"].map((code) => [code, t("why_" + code)]) },
      { name: "note", label: t("note") }],
    send: (one, values) => put(orderPath(one, "/write_off"), values) } };

const Act = ({ name, one, onDone, onClose }) => html`<${Ask} title=${acts[name].verb() + ": " + one.worksheet} text=${acts[name].text?.()}
  fields=${acts[name].fields(one)} verb=${acts[name].verb()} onClose=${onClose}
  onAnswer=${async (values) => { await acts[name].send(one, values); onDone(one); }} />`;

// --- evidence

const isPicture = (name) => /\.(png|jpe?g)$/.test(name);
const address = (one, name) => `api${orderPath(one, "/evidence/" + encodeURIComponent(name))}`;
const Evidence = ({ one, names }) => names.map((name) => (isPicture(name)
  ? html`<a href=${address(one, name)} target="_blank"><img class="evidence" src=${address(one, name)} alt=${t("picture", { name })} loading="lazy" /></a>`
  : html`<div><a href=${address(one, name)} target="_blank" rel="noopener">${name}</a></div>`));

// A list does not say which pictures an order has: its history is read when they are asked for.
const Pictures = ({ one }) => {
  const [names, setNames] = useState(null), task = useTask();
  const look = () => task.run(async () => {
    const { history } = await get(orderPath(one, "/history"));
    setNames(history.flatMap((entry) => entry.evidence || []).filter(isPicture));
  });
  return html`<details onToggle=${(event) => { if (event.target.open && !names) look(); }}><summary>${t("pictures")}</summary>
    <${Fault} error=${task.error} />${names && (names.length ? html`<${Evidence} one=${one} names=${names} />` : t("nothing"))}</details>`;
};

// --- needs attention

const Group = ({ code, items, complete, busy, mayManage, pictured, chosen, toggle, onAct, onRetryAll }) => {
  const manage = items.some(mayManage);
  return html`<section aria-label=${reason(code)}>
    <h2>${reason(code)} (${number(items.length)}${complete ? "" : "+"})</h2>
    ${manage && html`<div class="row"><button class="secondary outline" disabled=${busy} onClick=${onRetryAll}>
      ${complete ? t("retry_all", { count: items.filter(mayManage).length }) : t("retry_all_count")}</button></div>`}
    <${Table} caption=${reason(code)} rows=${items} keyOf=${id} mark=${(one) => `${chosen.has(id(one))} ${mayManage(one)} ${pictured.has(one.workshop)}`} columns=${[
      ...(manage ? [{ title: html`<span class="hidden">${t("select")}</span>`, label: t("select"), of: (one) => mayManage(one) && html`<${Tick} label=${t("select") + " " + one.worksheet + " " + one.uniqueid}
        checked=${chosen.has(id(one))} onChange=${() => toggle(one)} />` }] : []),
      ...columns(),
      { title: t("erp_says"), of: (one) => html`${one.reason_text && html`<bdi class="quote">${one.reason_text}</bdi>`}
        ${pictured.has(one.workshop) && html`<${Pictures} one=${one} />`}` },
      { title: t("since"), of: (one) => html`<${Age} at=${one.updated_at} />` },
      ...(manage ? [{ title: t("actions"), of: (one) => mayManage(one) && html`<div class="row">${Object.keys(acts).map((name) =>
        html`<button class="outline" onClick=${() => onAct(name, one)}>${acts[name].verb()}</button>`)}</div>` }] : [])]} />
  </section>`;
};

// What was placed before a refusal stays placed, and is said with it.
const inParts = async (parts, send) => {
  let placed = 0;
  try {
    for (const part of parts) placed += (await send(part)).placed;
  } catch (error) {
    throw placed ? Object.assign(new Error(`${t("retried", { count: placed })}. ${fault(error)}`), { code: "partly" }) : error;
  }
  return t("retried", { count: placed });
};

const MANY = 500;
const retryMany = (items) => inParts([...groupBy(items, at)].flatMap(([workshop, some]) =>
  Array.from({ length: Math.ceil(some.length / MANY) }, (_, i) => [workshop, some.slice(i * MANY, (i + 1) * MANY)])),
([workshop, some]) => post(shop(workshop, "/orders/retry"), { uniqueids: some.map((one) => one.uniqueid) }));

// By the filter, so that the daemon refuses if the count is not what was seen. counts: by workshop.
const retryAll = (code, counts) => inParts(counts, ([workshop, expected]) =>
  post(shop(workshop, "/orders/retry"), { filter: { needs_attention: true, reason_code: code }, expected }));

const sum = (counts) => [...counts.values()].reduce((all, one) => all + one, 0);

// Asks with the number of all that match, where not all of them are shown.
const AskAll = ({ code, counts, incomplete, onAnswer, onClose }) => html`<${Ask} title=${reason(code)}
  text=${html`${t("orders_count", { count: sum(counts) })} · ${t("workshops_count", { count: counts.size })}. ${t("retry_all_text")}
    ${incomplete.length > 0 && t("incomplete", { names: incomplete.join(", ") })}`}
  verb=${t("retry_all", { count: sum(counts) })} onAnswer=${onAnswer} onClose=${onClose} />`;

const AGAIN_MS = 1500;

export const Attention = ({ me }) => {
  const list = useList("/orders", 200, { needs_attention: true }), task = useTask(), { items, next } = list;
  const [chosen, setChosen] = useState(new Set()), [act, setAct] = useState(null), [counted, setCounted] = useState(null);
  const mayManage = (one) => !one.disputed && me.may("manager", at(one));
  useEffect(() => {
    let timer;
    const soon = (name) => {
      if (name === "order" || name === "reset")
        timer ??= setTimeout(() => { timer = undefined; list.again(); }, AGAIN_MS);
    };
    const stop = listen(soon);
    return () => { stop(); clearTimeout(timer); };
  }, []);
  const groups = useMemo(() => [...groupBy(items || [], (one) => one.reason_code)], [items]);
  const selected = useMemo(() => (items || []).filter((one) => chosen.has(id(one))), [items, chosen]);
  const pictured = useMemo(() => new Set(me.shops.filter((one) => one.erp_system === "webdriver").map((one) => one.workshop)), [me.shops]);
  const toggle = (one) => setChosen((before) => {
    const after = new Set(before);
    if (!after.delete(id(one))) after.add(id(one));
    return after;
  });
  const afterwards = (work) => task.run(async () => {
    try {
      return await work();
    } finally { // also where their number has changed: then they are looked at again
      setChosen(new Set());
      await list.again();
    }
  });
  const retryGroup = (code, some) => (next
    ? task.run(async () => setCounted({ code, ...await count({ needs_attention: true, reason_code: code }, (one) => (mayManage(one) ? at(one) : undefined)) }))
    : afterwards(() => retryAll(code, [...groupBy(some.filter(mayManage), at)].map(([workshop, those]) => [workshop, those.length]))));
  return html`<h1>${t("attention")}</h1>
    <${Outcome} task=${task} /><${Fault} error=${list.error} />
    ${list.incomplete.length > 0 && html`<p class="note" role="status">${t("incomplete", { names: list.incomplete.join(", ") })}</p>`}
    ${selected.length > 0 && html`<div class="row"><button aria-busy=${task.busy} onClick=${() => afterwards(() => retryMany(selected))}>
      ${t("retry_selected", { count: selected.length })}</button></div>`}
    ${items && items.length === 0 && html`<p class="good" role="status">${t("all_well")}</p>`}
    ${groups.map(([code, some]) => html`<${Group} key=${code} code=${code} items=${some} complete=${!next} busy=${task.busy} mayManage=${mayManage} pictured=${pictured} chosen=${chosen} toggle=${toggle}
      onAct=${(name, one) => setAct({ name, one })} onRetryAll=${() => retryGroup(code, some)} />`)}
    ${next && html`<button class="secondary" aria-busy=${list.busy} onClick=${list.more}>${t("more")}</button>`}
    ${!items && !list.error && html`<p aria-busy="true">${t("loading")}</p>`}
    ${counted && html`<${AskAll} ...${counted} onClose=${() => setCounted(null)} onAnswer=${() => afterwards(() => retryAll(counted.code, counted.counts))} />`}
    ${act && html`<${Act} ...${act} onClose=${() => setAct(null)} onDone=${(one) => list.drop((other) => id(other) === id(one))} />`}`;
};

// --- one order

const Entry = ({ one, entry }) => html`<li>
  <time datetime=${entry.at}>${time(entry.at)}</time> <${State} of=${entry.status} />
  ${entry.reason_code && html` · ${reason(entry.reason_code)}`}
  ${entry.by && html` · ${t("by", { who: entry.by.who, via: entry.by.via })}`}
  ${(entry.reason_text || entry.note) && html`<div><bdi class="quote">${entry.reason_text || entry.note}</bdi></div>`}
  ${entry.changes && Object.entries(entry.changes).map(([name, [was, now]]) =>
    html`<div>${t(name)}: <del><${Value}>${was}<//></del> → <ins><${Value}>${now}<//></ins></div>`)}
  <${Evidence} one=${one} names=${entry.evidence || []} />
</li>`;

const Worksheet = ({ one }) => {
  const [found, setFound] = useState(null), task = useTask();
  const ask = () => task.run(async () => setFound(await get(shop(at(one), `/worksheets/${encodeURIComponent(one.worksheet)}`) +
    query({ product_nr: one.product_nr, product_amount: one.product_amount }))));
  return html`<h2>${t("in_the_erp")}</h2>
    <div class="row"><button class="secondary" aria-busy=${task.busy} onClick=${ask}>${t("ask_erp")}</button></div>
    <${Fault} error=${task.error} />
    ${found && html`<dl>
      <dt>${t("worksheet")}</dt><dd>${t("worksheet_" + found.state)} <${Value}>${found.title || ""}<//> <bdi class="quote">${found.text || ""}</bdi></dd>
      ${found.product && html`<dt>${t("product")}</dt><dd>${t("product_" + found.product.state)} <${Value}>${[found.product.name, found.product.unit].filter(Boolean).join(", ")}<//></dd>`}
      ${found.amount && html`<dt>${t("amount")}</dt><dd>${t("amount_" + found.amount.state)} <bdi class="quote">${found.amount.text || ""}</bdi></dd>`}</dl>`}`;
};

export const Order = ({ me, parts: [workshop, uniqueid] }) => {
  const path = orderPath({ workshop, uniqueid }), [act, setAct] = useState(null);
  const loaded = useLoaded(async () => ({ one: { ...await get(path), slug: workshop }, history: await get(path + "/history") }), [path]);
  useEffect(() => listen((name, data) => { if (name === "order" && data.uniqueid === uniqueid) loaded.again(); }), [path]);
  const { one, history } = loaded.value || {};
  if (!one) return html`<h1><${Value}>${uniqueid}<//></h1><${Fault} error=${loaded.error} />`;
  const rows = [["worksheet", one.worksheet], ["product", one.product_nr], ["amount", amount(one.product_amount)], ["workshop", one.workshop],
    ["attempts", one.attempts], ["placed_at", time(one.placed_at)], ["changed_at", time(one.updated_at)], ["next_attempt", time(one.next_attempt_at)],
    ["erp_reference", one.erp_reference], ["erp_product", one.erp_product], ["erp_amount", amount(one.erp_amount)]];
  const manage = one.status === "error" && me.may("manager", workshop);
  return html`<h1>${t("order")} <${Value}>${uniqueid}<//></h1>
    <${Fault} error=${loaded.error} />
    <p><${State} of=${one.status} /> ${one.reason_code && reason(one.reason_code)}
      ${one.by_hand && html` · ${t("by_hand")}`} ${one.reason_text && html`<bdi class="quote">${one.reason_text}</bdi>`}</p>
    ${manage && html`<div class="row">${Object.keys(acts).map((name) =>
      html`<button onClick=${() => setAct({ name, one })}>${acts[name].verb()}</button>`)}</div>`}
    <dl>${rows.filter(([, value]) => value !== null && value !== "" && value !== undefined).map(([name, value]) => html`<dt>${t(name)}</dt><dd><${Value}>${value}<//></dd>`)}</dl>
    <${Worksheet} one=${one} />
    <h2>${t("history")}</h2>
    <ol class="time-line">${history.history.map((entry) => html`<${Entry} one=${one} entry=${entry} />`)}</ol>
    ${act && html`<${Act} ...${act} onClose=${() => setAct(null)} onDone=${loaded.again} />`}`;
};

// --- search

const csvHeader = ["workshop", "uniqueid", "worksheet", "product_nr", "product_amount", "status", "reason_code", "reason_text", "placed_at",
  "updated_at", "erp_reference", "by_hand"];
const dayStart = (day) => (day ? new Date(day + "T00:00").toISOString() : "");
const dayEnd = (day) => (day ? new Date(day + "T23:59:59.999").toISOString() : "");

export const Search = ({ me }) => {
  const list = useList("/orders", 100), task = useTask(), { items, next } = list;
  const submit = (event) => {
    event.preventDefault();
    const { from, to, ...rest } = Object.fromEntries(new FormData(event.target));
    list.start({ ...rest, from: dayStart(from), to: dayEnd(to) });
  };
  const save = () => task.run(async () => {
    const found = await all("/orders", list.members);
    saveCsv("orders.csv", csvHeader, found.map((one) => csvHeader.map((name) => one[name])));
  });
  const any = [["", t("any")]];
  return html`<h1>${t("search")}</h1>
    <form class="row" onSubmit=${submit} aria-label=${t("search")}>
      <${Field} name="q" label=${t("search_for")} type="search" />
      <${Field} name="workshop" label=${t("workshop")} choices=${[...any, ...me.shops.map((one) => [one.slug, one.workshop])]} />
      <${Field} name="status" label=${t("status")} choices=${[...any, ...["placed", "processing", "created", "error"].map((code) => [code, state(code)])]} />
      <${Field} name="reason_code" label=${t("reason")} choices=${[...any, ...reasons.map((code) => [code, reason(code)])]} />
      <${Field} name="from" label=${t("from")} type="date" /><${Field} name="to" label=${t("to")} type="date" />
      <button type="submit" aria-busy=${list.busy}>${t("search")}</button>
      <button type="button" class="secondary" aria-busy=${task.busy} onClick=${save}>${t("csv")}</button></form>
    <${Fault} error=${task.error || list.error} />
    ${list.incomplete.length > 0 && html`<p class="note" role="status">${t("incomplete", { names: list.incomplete.join(", ") })}</p>`}
    ${items && html`<${Table} caption=${t("search")} rows=${items} keyOf=${id} columns=${[
      ...columns(), { title: t("status"), of: (one) => html`<${State} of=${one.status} /> ${one.reason_code ? reason(one.reason_code) : ""}` },
      { title: t("placed_at"), of: (one) => html`<${Age} at=${one.placed_at} />` },
      { title: "uniqueid", of: (one) => html`<${Value}>${one.uniqueid}<//>` }]} />`}
    ${next && html`<button class="secondary" aria-busy=${list.busy} onClick=${list.more}>${t("more")}</button>`}`;
};
