// Report, audit, account, sign in.
import { html, useEffect, useState } from "./preact.js";
import { all as allOf, get, post, put, query, saveCsv, shop } from "./api.js";
import { amount, choose, language, languages, role, t, time } from "./i18n.js";
import { Age, Fault, Field, Outcome, Shop, Table, useList, useLoaded, useTask, Value } from "./ui.js";

const today = (days = 0) => new Date(Date.now() - days * 86400e3).toLocaleDateString("sv");
const dayStart = (day) => (day ? new Date(day + "T00:00").toISOString() : "");
const dayEnd = (day) => (day ? new Date(day + "T23:59:59.999").toISOString() : "");

// --- report

const shown = ["orders", "placed", "created", "waiting", "error", "unbilled", "by_hand", "written_off"];

// Exact sums of exact decimals.
const PLACES = 12;
const scaled = (text) => {
  const [whole, rest = ""] = String(text).split(".");
  return BigInt(whole + rest.padEnd(PLACES, "0"));
};
const plus = (a, b) => {
  const digits = String(scaled(a) + scaled(b)).padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
};
const withUnbilled = (row) => ({ ...row, unbilled: plus(row.waiting, row.error) });
const line = (one) => one && [one.worksheet, one.product_nr, amount(one.product_amount)].filter(Boolean).join(" · ");
const AGAIN_MS = 5000;

const Reconcile = ({ me, slug }) => {
  const loaded = useLoaded(() => get(shop(slug, "/reconcile?limit=1000")), [slug]), task = useTask(), found = loaded.value;
  const results = found ? [...(found.missing || []), ...(found.changed || []), ...(found.unknown || [])] : [];
  useEffect(() => {
    const timer = found?.state === "running" && setTimeout(loaded.again, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [found]);
  const start = (event) => {
    event.preventDefault();
    const { from, to } = Object.fromEntries(new FormData(event.target));
    task.run(async () => { await post(shop(slug, "/reconcile"), { from: dayStart(from), to: dayEnd(to) }); await loaded.again(); return t("reconcile_started"); });
  };
  return html`<h2>${t("reconcile")}</h2><p>${t("reconcile_text")}</p>
    ${me.may("manager", slug) && html`<form class="row" onSubmit=${start}><${Field} name="from" label=${t("from")} type="date" value=${today(7)} required />
      <${Field} name="to" label=${t("to")} type="date" value=${today()} required /><button aria-busy=${task.busy}>${t("reconcile")}</button></form>`}
    <${Outcome} task=${task} /><${Fault} error=${loaded.error} />
    ${found && found.state !== "none" && html`<p role="status">${t("reconcile_" + found.state, { count: found.checked, same: found.same + found.by_hand, ...found.counts })}
        (${time(found.from)} – ${time(found.to)})</p>
      ${found.next && html`<p class="note">${t("reconcile_first", { count: results.length })}</p>`}
      ${results.length > 0 && html`<${Table} caption=${t("reconcile")} rows=${results} keyOf=${(one) => one.uniqueid} columns=${[
        { title: "uniqueid", of: (one) => html`<a href=${`#/order/${encodeURIComponent(slug)}/${encodeURIComponent(one.uniqueid)}`}><${Value}>${one.uniqueid}<//></a>` },
        { title: t("result"), of: (one) => t("reconcile_" + one.result) }, { title: t("ordered"), of: (one) => html`<${Value}>${line(one.ordered)}<//>` },
        { title: t("in_the_erp"), of: (one) => one.found && html`<${Value}>${line(one.found)}<//>` },
        { title: t("erp_says"), of: (one) => one.text && html`<bdi class="quote">${one.text}</bdi>` }]} />`}`}`;
};

export const Report = ({ me }) => {
  const everywhere = me.may("reader", null);
  const [wanted, setWanted] = useState({ workshop: everywhere ? "" : me.shops[0]?.slug, by: "product", from: dayStart(today(30)), to: dayEnd(today()) });
  const loaded = useLoaded(() => get("/report" + query(wanted)), [JSON.stringify(wanted)]);
  const found = loaded.value, parts = found?.workshops || (found ? [found] : []), by = parts[0]?.by || wanted.by;
  const all = parts.flatMap((part) => (part.rows.length > 1 ? [...part.rows, { ...part.total, [by]: t("total") }] : part.rows)
    .map((row) => ({ ...withUnbilled(row), of: part })));
  const submit = (event) => {
    event.preventDefault();
    const { from, to, ...rest } = Object.fromEntries(new FormData(event.target));
    setWanted({ ...rest, from: dayStart(from), to: dayEnd(to) });
  };
  const shops = me.shops.map((one) => [one.slug, one.workshop]);
  return html`<h1>${t("report")}</h1>
    <form class="row" onSubmit=${submit}>
      <${Field} name="workshop" label=${t("workshop")} value=${wanted.workshop} choices=${everywhere ? [["", t("all")], ...shops] : shops} />
      <${Field} name="by" label=${t("grouped_by")} value=${wanted.by} choices=${["product", "worksheet", "day"].map((one) => [one, t(one)])} />
      <${Field} name="from" label=${t("from")} type="date" value=${today(30)} /><${Field} name="to" label=${t("to")} type="date" value=${today()} />
      <button>${t("show")}</button><a role="button" class="secondary" href=${"api/report" + query({ ...wanted, format: "csv" })} download="report.csv">${t("csv")}</a></form>
    <${Fault} error=${loaded.error} />
    ${found?.incomplete?.length > 0 && html`<p class="note" role="status">${t("incomplete", { names: found.incomplete.join(", ") })}</p>`}
    ${found && html`<${Table} caption=${t("report")} rows=${all} columns=${[
      ...(found.workshops ? [{ title: t("workshop"), of: (row) => html`<${Shop} of=${row.of} />` }] : []),
      { title: t(by), of: (row) => html`<${Value}>${row[by]}<//>` },
      ...shown.map((name) => ({ title: t(name), number: true, of: (row) => amount(String(row[name] ?? "")) }))]} />`}
    ${wanted.workshop && html`<${Reconcile} key=${wanted.workshop} me=${me} slug=${wanted.workshop} />`}`;
};

// --- audit

const auditHeader = ["at", "who", "via", "address", "action", "workshop", "result"];
const flat = (one) => ({ at: one.at, who: one.by?.who, via: one.from,
  address: one.address, action: one.what, workshop: one.workshop, daemon: one.daemon, result: [one.status, one.code].filter(Boolean).join(" ") });

export const Audit = ({ me }) => {
  const list = useList("/audit", 100), task = useTask();
  const submit = (event) => {
    event.preventDefault();
    const { from, to, ...rest } = Object.fromEntries(new FormData(event.target));
    list.start({ ...rest, from: dayStart(from), to: dayEnd(to) });
  };
  const save = () => task.run(async () => saveCsv("audit.csv", auditHeader,
    (await allOf("/audit", list.members)).map(flat).map((one) => auditHeader.map((name) => one[name]))));
  return html`<h1>${t("audit")}</h1>
    <form class="row" onSubmit=${submit}><${Field} name="workshop" label=${t("workshop")} choices=${[["", t("all")], ...me.shops.map((one) => [one.slug, one.workshop])]} />
      <${Field} name="by" label=${t("who")} /><${Field} name="from" label=${t("from")} type="date" /><${Field} name="to" label=${t("to")} type="date" />
      <button aria-busy=${list.busy}>${t("show")}</button><button type="button" class="secondary" aria-busy=${task.busy} onClick=${save}>${t("csv")}</button></form>
    <${Fault} error=${task.error || list.error} />
    ${list.items && html`<${Table} caption=${t("audit")} rows=${list.items.map(flat)} columns=${[
      { title: t("time"), of: (one) => time(one.at) }, { title: t("who"), of: (one) => html`<${Value}>${one.who}<//>` }, { title: t("via"), of: (one) => [one.via, one.address].filter(Boolean).join(" ") },
      { title: t("action"), of: (one) => html`<${Value}>${one.action}<//>` }, { title: t("workshop"), of: (one) => html`<${Shop} of=${one} />` },
      { title: t("result"), of: (one) => one.result }]} />`}
    ${list.next && html`<button class="secondary" aria-busy=${list.busy} onClick=${list.more}>${t("more")}</button>`}`;
};

// --- account

const theme = () => localStorage.getItem("theme") || "auto";
export const setTheme = (chosen) => {
  if (chosen) localStorage.setItem("theme", chosen);
  const wanted = theme();
  if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;
  else delete document.documentElement.dataset.theme;
};

export const Account = ({ me, redraw, onSignOut }) => {
  const task = useTask(), sessions = useLoaded(() => get("/me/sessions"), []);
  const change = (event) => {
    event.preventDefault();
    const form = event.target, values = Object.fromEntries(new FormData(form));
    task.run(async () => {
      await put("/me/password", { old: values.old, new: values.new });
      form.reset();
      sessions.again();
      return t("password_changed");
    });
  };
  const leave = () => task.run(async () => { await post("/logout", { everywhere: true }); onSignOut(); });
  return html`<h1>${t("account")}: <${Value}>${me.name}<//></h1>
    <p>${Object.entries(me.roles).map(([at, name]) => html`<span>${role(name)} (${at === "*" ? t("all") : at}) </span>`)}</p>
    <h2>${t("language")}</h2>
    <div class="row" role="toolbar" aria-label=${t("language")}>${Object.entries(languages).map(([code, name]) =>
      html`<button class="outline" lang=${code} aria-pressed=${code === language()} onClick=${async () => { await choose(code); redraw(); }}>${name}</button>`)}</div>
    <h2>${t("theme")}</h2>
    <div class="row" role="toolbar" aria-label=${t("theme")}>${["auto", "light", "dark"].map((name) =>
      html`<button class="outline" aria-pressed=${name === theme()} onClick=${() => { setTheme(name); redraw(); }}>${t("theme_" + name)}</button>`)}</div>
    <h2>${t("password")}</h2>
    ${!me.has_password && html`<p class="note">${t("set_password")}</p>`}
    <form onSubmit=${change}>${me.has_password && html`<${Field} name="old" label=${t("old_password")} type="password" autocomplete="current-password" />`}
      <${Field} name="new" label=${t("new_password")} type="password" required minlength="10" autocomplete="new-password" />
      <${Outcome} task=${task} /><button aria-busy=${task.busy}>${t("change_password")}</button></form>
    <h2>${t("sessions")}</h2>
    ${sessions.value && html`<${Table} caption=${t("sessions")} rows=${sessions.value.sessions} columns=${[
      { title: t("since"), of: (one) => time(one.created_at) }, { title: t("last_used"), of: (one) => html`<${Age} at=${one.seen_at} />` },
      { title: t("this_one"), of: (one) => (one.current ? "✓" : "") }]} />`}
    <div class="row"><button class="secondary" onClick=${leave}>${t("sign_out_everywhere")}</button></div>
    <p><a href=${new URL("api.html", import.meta.url)} target="_blank" rel="noopener">${t("api_reference")}</a></p>`;
};

// --- sign in

export const SignIn = ({ onSignedIn, error }) => {
  const task = useTask();
  const submit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    task.run(async () => onSignedIn(await post("/login", values)));
  };
  return html`<main class="sign-in"><h1>Pumpline</h1><${Fault} error=${task.error || error} />
    <form onSubmit=${submit}><${Field} name="name" label=${t("name")} required autocomplete="username" autocapitalize="none" />
      <${Field} name="password" label=${t("password")} type="password" required autocomplete="current-password" />
      <button aria-busy=${task.busy} disabled=${task.busy}>${t("sign_in")}</button></form></main>`;
};
