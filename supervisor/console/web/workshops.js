// Workshops: all of them, live, and one with its configuration.
import { html, useEffect, useMemo, useState } from "./preact.js";
import { get, getTagged, post, put, query, remove, shop } from "./api.js";
import { number, reason, t } from "./i18n.js";
import { Age, Ask, Fault, Field, Later, Outcome, Shop, State, Table, Tick, useLoaded, useTask, Value } from "./ui.js";
import { Form, withSecrets } from "./form.js";

const ask = (name) => ({
  start: { verb: t("start") }, stop: { verb: t("stop"), text: t("stop_text") }, restart: { verb: t("restart") },
  start_worker: { verb: t("start_worker") },
  stop_worker: { verb: t("pause"), text: t("pause_text"), fields: [
    { name: "reason", label: t("why"), required: true }, { name: "until", label: t("until"), type: "datetime-local" }] } }[name]);

const body = (values) => {
  const { reason: why, until } = values;
  return { ...(why ? { reason: why } : {}), ...(until ? { until: new Date(until).toISOString() } : {}) };
};

const refusals = (reply) => (reply.results || []).filter((one) => one.status >= 400 || one.error || one.code)
  .map((one) => `${one.workshop}: ${one.detail || one.code || one.error}`);

const each = async (name, slugs, values) => {
  const failed = [];
  for (const slug of slugs) {
    try { await put(shop(slug, "/" + name), values); } catch (error) {
      if (slugs.length === 1) throw error;
      failed.push(`${slug}: ${error.message}`);
    }
  }
  return failed;
};

// Several are asked for by the call for many, which takes neither a reason nor a time.
const actOn = async (name, slugs, values) => {
  const given = body(values), together = slugs.length > 1 && !Object.keys(given).length;
  const failed = together ? refusals(await put("/workshops/" + name, { workshops: slugs })) : await each(name, slugs, given);
  if (failed.length) throw Object.assign(new Error(failed.join("; ")), { code: "partly" });
  return t("done");
};

const alert = (one) => one.worker === "parked" || one.process === "failed" || one.process === "backoff" || one.needs_attention > 0;

export const Workshops = ({ me }) => {
  const [filter, setFilter] = useState(""), [only, setOnly] = useState(false), [chosen, setChosen] = useState(new Set());
  const [act, setAct] = useState(null), [said, setSaid] = useState("");
  const words = filter.toLowerCase();
  const rows = useMemo(() => me.shops.filter((one) => (!only || alert(one)) && one.workshop.toLowerCase().includes(words)), [me.shops, only, words]);
  const toggle = (slug) => setChosen((before) => {
    const after = new Set(before);
    if (!after.delete(slug)) after.add(slug);
    return after;
  });
  const operate = me.shops.some((one) => me.may("operator", one.slug));
  return html`<h1>${t("workshops")} (${number(me.shops.length)})</h1>
    <div class="row"><label>${t("filter")}<input type="search" value=${filter} onInput=${(event) => setFilter(event.target.value)} /></label>
      <label><input type="checkbox" role="switch" checked=${only} onChange=${() => setOnly(!only)} />${t("only_trouble")}</label>
      ${me.may("admin", null) && html`<a role="button" class="secondary" href="#/workshop">${t("new_workshop")}</a>`}</div>
    ${chosen.size > 0 && html`<div class="row" role="toolbar" aria-label=${t("actions")}>${["start", "stop", "restart", "start_worker", "stop_worker"].map((name) =>
      html`<button class="outline" onClick=${() => setAct(name)}>${ask(name).verb} (${chosen.size})</button>`)}</div>`}
    ${said && html`<p class="good" role="status">${said}</p>`}
    <${Table} caption=${t("workshops")} rows=${rows} keyOf=${(one) => one.daemon + "/" + one.slug} mark=${(one) => `${chosen.has(one.slug)} ${me.may("operator", one.slug)}`} columns=${[
      ...(operate ? [{ title: html`<span class="hidden">${t("select")}</span>`, label: t("select"), of: (one) => !one.disputed && me.may("operator", one.slug) &&
        html`<${Tick} label=${t("select") + " " + one.workshop} checked=${chosen.has(one.slug)} onChange=${() => toggle(one.slug)} />` }] : []),
      { title: t("workshop"), of: (one) => (one.disputed ? html`<${Shop} of=${one} />` : html`<a href=${"#/workshop/" + encodeURIComponent(one.slug)}><${Shop} of=${one} /></a>`) },
      { title: t("process"), of: (one) => (one.active === false ? t("inactive") : html`<${State} of=${one.process} />`) },
      { title: t("worker"), of: (one) => one.worker && html`<${State} of=${one.worker} /> ${one.worker_reason ? reason(one.worker_reason) : ""}
        ${one.worker_text && html`<div><bdi class="quote">${one.worker_text}</bdi></div>`}` },
      { title: t("since"), of: (one) => html`<${Age} at=${one.worker_since} />` },
      { title: t("next_probe"), of: (one) => html`<${Age} at=${one.next_probe_at} />` },
      { title: t("queue"), number: true, of: (one) => number(one.queue_length) },
      { title: t("oldest"), of: (one) => one.oldest_placed_age_s > 0 && html`<${Age} at=${new Date(Date.now() - one.oldest_placed_age_s * 1000).toISOString()} />` },
      { title: t("attention"), number: true, of: (one) => number(one.needs_attention ?? one.orders?.error) }]} />
    ${act && html`<${Ask} title=${ask(act).verb} text=${ask(act).text} fields=${ask(act).fields} verb=${ask(act).verb} onClose=${() => setAct(null)}
      onAnswer=${async (values) => { setSaid(await actOn(act, [...chosen], values)); setChosen(new Set()); }} />`}`;
};

// --- one workshop

const Tokens = ({ slug }) => {
  const loaded = useLoaded(() => get(shop(slug, "/tokens")), [slug]), [made, setMade] = useState(null), [act, setAct] = useState(null);
  return html`<h2>${t("tokens")}</h2><${Fault} error=${loaded.error} />
    ${made && html`<div class="good" role="status">${t("token_once")} <span class="token">${made}</span></div>`}
    ${loaded.value && html`<${Table} caption=${t("tokens")} rows=${loaded.value.tokens} columns=${[
      { title: t("name"), of: (one) => html`<${Value}>${one.name}<//>` }, { title: t("scope"), of: (one) => t("scope_" + one.scope) },
      { title: t("actions"), of: (one) => html`<button class="outline" onClick=${() => setAct({ revoke: one.name })}>${t("revoke")}</button>` }]} />`}
    <div class="row"><button class="secondary" onClick=${() => setAct({ add: true })}>${t("add_token")}</button></div>
    ${act?.add && html`<${Ask} title=${t("add_token")} verb=${t("add_token")} onClose=${() => setAct(null)}
      fields=${[{ name: "name", label: t("name"), required: true }, { name: "scope", label: t("scope"), choices: [["order", t("scope_order")], ["manage", t("scope_manage")]] }]}
      onAnswer=${async (values) => { setMade((await post(shop(slug, "/tokens"), values)).token); await loaded.again(); }} />`}
    ${act?.revoke && html`<${Ask} title=${t("revoke") + ": " + act.revoke} verb=${t("revoke")} onClose=${() => setAct(null)}
      onAnswer=${async () => { await remove(shop(slug, "/tokens/" + encodeURIComponent(act.revoke))); await loaded.again(); }} />`}`;
};

const Steps = ({ result }) => html`<div class=${result.ok ? "good" : "fault"} role="status"><ol>${result.steps.map((one) =>
  html`<li>${one.ok ? "✓" : "✗"} ${one.what} (${number(one.ms)} ms) ${one.reason_code ? reason(one.reason_code) : ""} <bdi class="quote">${one.text || ""}</bdi></li>`)}</ol></div>`;

// The folder is the one that the package makes, where the daemon may write.
const fresh = () => ({ workshop: "", active: false, listen: "127.0.0.1:8101", erp: { system: "file", folder: "/srv/pumpline/bennys-auto", format: "csv" } });

const Configuration = ({ slug, daemons, first, tag, known, onSaved }) => {
  const [text, setText] = useState(JSON.stringify(first, null, 2)), [asText, setAsText] = useState(false), [tested, setTested] = useState(null);
  const [etag, setTag] = useState(tag), [name, setName] = useState(slug || ""), [secrets, setSecrets] = useState({}), task = useTask();
  const [daemon, setDaemon] = useState(daemons[0]), where = (members = {}) => query(slug ? members : { ...members, daemon });
  const schema = useLoaded(async () => (await fetch(new URL("workshop.schema.json", import.meta.url))).json(), []);
  useEffect(() => { // activated or deactivated here, meanwhile: what was typed stays
    if (tag === etag) return;
    setTag(tag);
    setText((before) => { try { return JSON.stringify({ ...JSON.parse(before), active: first.active }, null, 2); } catch { return before; } });
  }, [tag]);
  const faults = useMemo(() => new Map([...known, ...(task.error?.problem?.faults || [])].map((one) => [one.pointer, one.detail])), [known, task.error]);
  const parsed = useMemo(() => { try { return JSON.parse(text); } catch { return null; } }, [text]);
  const given = () => {
    if (!parsed) throw Object.assign(new Error(t("not_json")), { code: "not_json" });
    return withSecrets(parsed, secrets);
  };
  const hide = (path, typed) => setSecrets(({ [path]: _, ...rest }) => (typed ? { ...rest, [path]: typed } : rest));
  // The sealed text is for those who keep the file elsewhere; a typed password is sealed by saving, too.
  const seal = (path) => task.run(async () => {
    const { sealed } = await post(shop(name, "/seal") + where(), { password: secrets[path], erp: given().erp });
    setText(JSON.stringify(withSecrets(parsed, { [path]: { sealed } }), null, 2));
    hide(path);
    return t("sealed");
  });
  const check = () => task.run(async () => { await put(shop(name) + where({ dry_run: true }), given()); return t("no_faults"); });
  const test = () => task.run(async () => setTested(await post(shop(name, "/test") + where(), given())));
  const save = () => task.run(async () => {
    await put(shop(name) + where(), given(), etag ? { "If-Match": etag } : {});
    const [stored, version] = await getTagged(shop(name)).catch(() => [null, null]);
    setTag(version);
    setSecrets({});
    if (stored) setText(JSON.stringify(stored.configuration, null, 2)); // no password that was typed stays here
    onSaved(name);
    return t("saved");
  });
  return html`<h2>${t("configuration")}</h2>
    ${!slug && daemons.length > 1 && html`<${Field} name="daemon" label=${t("daemon")} value=${daemon} choices=${daemons.map((one) => [one, one])} onInput=${(event) => setDaemon(event.target.value)} />`}
    ${!slug && html`<${Field} name="slug" label=${t("slug")} value=${name} required pattern="[a-z0-9][a-z0-9\\-]*" onInput=${(event) => setName(event.target.value)} />`}
    <label><input type="checkbox" role="switch" checked=${asText} onChange=${() => setAsText(!asText)} />${t("as_text")}</label>
    ${asText || !parsed || !schema.value
      ? html`<label>${t("configuration")}<textarea class="code" spellcheck="false" value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>`
      : html`<${Form} schema=${schema.value} value=${parsed} faults=${faults} secrets=${secrets} onSecret=${hide} onSeal=${name ? seal : null} onChange=${(value) => setText(JSON.stringify(value, null, 2))} />`}
    <${Outcome} task=${task} />${tested && html`<${Steps} result=${tested} />`}
    <div class="row"><button onClick=${save} aria-busy=${task.busy} disabled=${!name}>${t("save")}</button>
      <button class="secondary" onClick=${check} disabled=${!name}>${t("check")}</button>
      <button class="secondary" onClick=${test} disabled=${!name}>${t("test_connection")}</button></div>`;
};

const none = [];
const figures = () => import("./figures.js"), recipes = () => import("./recipes.js");

const dangers = {
  kill: (slug) => put(shop(slug, "/kill")), clear_queue: (slug) => put(shop(slug, "/clear_queue")), remove: (slug) => remove(shop(slug)) };

export const Workshop = ({ me, parts: [slug] }) => {
  const live = me.shops.find((one) => one.slug === slug), admin = slug ? me.may("admin", slug) : me.may("admin", null);
  const loaded = useLoaded(async () => (slug ? getTagged(shop(slug)) : [{ configuration: fresh() }, null]), [slug]);
  const [act, setAct] = useState(null), task = useTask();
  const shown = loaded.value?.[0];
  const go = (name) => { location.hash = "#/workshop/" + encodeURIComponent(name); };
  const switchTo = (name) => task.run(async () => { await put(shop(slug, "/" + name)); await loaded.again(); return t("done"); });
  return html`<h1>${slug ? html`<${Value}>${live?.workshop || slug}<//>` : t("new_workshop")}</h1>
    <${Fault} error=${loaded.error} /><${Outcome} task=${task} />
    ${live && html`<p>${t("process")}: <${State} of=${live.process} /> ${live.worker && html`· ${t("worker")}: <${State} of=${live.worker} />`}
      ${live.worker_reason ? reason(live.worker_reason) : ""} ${live.worker_text && html`<bdi class="quote">${live.worker_text}</bdi>`}
      ${live.last_error && html`<bdi class="quote">${live.last_error}</bdi>`}</p>
      ${(live.faults || []).length > 0 && html`<div class="fault"><ul>${live.faults.map((one) => html`<li><code>${one.pointer}</code> ${one.detail}</li>`)}</ul></div>`}`}
    ${slug && me.may("operator", slug) && html`<div class="row" role="toolbar" aria-label=${t("actions")}>
      ${["start", "stop", "restart", "start_worker", "stop_worker"].map((name) => html`<button class="outline" onClick=${() => setAct({ name })}>${ask(name).verb}</button>`)}
      ${admin && html`<button class="outline" onClick=${() => switchTo(live?.active === false ? "activate" : "deactivate")}>${t(live?.active === false ? "activate" : "deactivate")}</button>`}
      ${admin && Object.keys(dangers).map((name) => html`<button class="outline contrast" onClick=${() => setAct({ danger: name })}>${t(name)}</button>`)}</div>`}
    ${admin && shown?.configuration?.erp?.recipe && me.may("admin", null) && html`<p>${t("recipe")}: <a href=${"#/recipes/" + encodeURIComponent(shown.configuration.erp.recipe) + (live?.daemon ? "/" + live.daemon : "")}><${Value}>${shown.configuration.erp.recipe}<//></a></p>`}
    ${slug && html`<${Later} load=${figures} name="Figures" slug=${slug} />`}
    ${admin && shown && html`<${Configuration} key=${slug} slug=${slug} daemons=${me.daemons || []} first=${shown.configuration} tag=${loaded.value[1]} known=${live?.faults || none} onSaved=${(name) => { if (!slug) go(name); }} />`}
    ${admin && slug && shown && shown.configuration?.erp?.system !== "file" && html`<${Later} load=${recipes} name="DryRun" slugs=${[slug]} />`}
    ${admin && slug && html`<${Tokens} slug=${slug} />`}
    ${slug && me.may("operator", slug) && html`<${Later} load=${figures} name="Log" slug=${slug} />`}
    ${act?.name && html`<${Ask} title=${ask(act.name).verb} text=${ask(act.name).text} fields=${ask(act.name).fields} verb=${ask(act.name).verb} onClose=${() => setAct(null)}
      onAnswer=${async (values) => { await actOn(act.name, [slug], values); }} />`}
    ${act?.danger && html`<${Ask} title=${t(act.danger)} text=${t(act.danger + "_text")} typed=${live?.workshop || slug} verb=${t(act.danger)} onClose=${() => setAct(null)}
      onAnswer=${async () => { await dangers[act.danger](slug); if (act.danger === "remove") location.hash = "#/workshops"; }} />`}`;
};
