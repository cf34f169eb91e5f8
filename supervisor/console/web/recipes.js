// Recipes: which there are, whether one is sound, and a dry run of a workshop's, step by step.
import { html, useState } from "./preact.js";
import { get, post, query, shop } from "./api.js";
import { number, reason, t } from "./i18n.js";
import { Fault, Field, Table, useLoaded, useTask, Value } from "./ui.js";

const place = (one) => "#/recipes/" + encodeURIComponent(one.recipe) + (one.daemon ? "/" + one.daemon : "");

const Shops = ({ slugs }) => slugs.map((slug, i) => html`${i > 0 && ", "}<a href=${"#/workshop/" + encodeURIComponent(slug)}><${Value}>${slug}<//></a>`);

const Exchange = ({ step }) => html`<details><summary>${step.request.method} <${Value}>${step.request.path}<//> → ${step.reply.status ?? "✗"}</summary>
  <pre class="quiet">${JSON.stringify({ request: step.request.body, reply: step.reply.body }, null, 1)}</pre></details>`;

const Step = ({ step }) => html`<li>${step.ok ? "✓" : "✗"} <strong>${step.what}</strong> (${number(step.ms)} ms)
  ${step.reason_code && ` ${reason(step.reason_code)}`} ${step.text && html`<bdi class="quote">${step.text}</bdi>`}
  ${step.request && html`<${Exchange} step=${step} />`}
  ${step.picture && html`<div><img src=${"data:image/png;base64," + step.picture} alt=${t("picture", { name: step.what })} /></div>`}</li>`;

export const DryRun = ({ slugs }) => {
  const [result, setResult] = useState(null), task = useTask();
  const start = (event) => {
    event.preventDefault();
    const { workshop, ...order } = Object.fromEntries(new FormData(event.target));
    setResult(null);
    task.run(async () => setResult(await post(shop(workshop, "/dry_run"), order)));
  };
  return html`<h2>${t("dry_run")}</h2><p>${t("dry_run_text")}</p>
    <form class="row" onSubmit=${start}>${slugs.length === 1 ? html`<input type="hidden" name="workshop" value=${slugs[0]} />`
        : html`<${Field} name="workshop" label=${t("workshop")} choices=${slugs.map((slug) => [slug, slug])} />`}
      <${Field} name="worksheet" label=${t("worksheet")} required /><${Field} name="product_nr" label=${t("product")} required />
      <${Field} name="product_amount" label=${t("amount")} inputmode="decimal" required />
      <button aria-busy=${task.busy} disabled=${task.busy}>${t("dry_run")}</button></form>
    <${Fault} error=${task.error} />
    ${result && html`<p class=${result.ok ? "good" : "fault"} role="status">${t("dry_run_" + result.end)}</p>
      <ol class="time-line">${result.steps.map((step) => html`<${Step} step=${step} />`)}</ol>`}`;
};

const Recipe = ({ name, daemon }) => {
  const loaded = useLoaded(() => get("/recipes/" + encodeURIComponent(name) + query({ daemon })), [name, daemon]), one = loaded.value;
  return html`<h1>${t("recipe")} <${Value}>${name}<//> ${daemon && html`<small>${daemon}</small>`}</h1>
    <p><a href="#/recipes">${t("recipes")}</a></p><${Fault} error=${loaded.error} />
    ${one && html`<dl><dt>${t("file")}</dt><dd><${Value}>${one.file}<//></dd>
        ${one.kind && html`<dt>${t("kind")}</dt><dd>${t("kind_" + one.kind)}</dd>`}
        <dt>${t("workshops")}</dt><dd>${one.workshops.length ? html`<${Shops} slugs=${one.workshops} />` : "–"}</dd></dl>
      ${one.sound ? html`<p class="good" role="status">${t("no_faults")}</p>`
        : html`<div class="fault" role="alert"><ul>${one.faults.map((fault) => html`<li>${fault.line && `${fault.line}:${fault.column} `}<code>${fault.pointer || "/"}</code> ${fault.detail}</li>`)}</ul></div>`}
      ${one.notes.map((note) => html`<p class="note">${note}</p>`)}
      <div class="row"><button class="secondary" aria-busy=${loaded.busy} onClick=${loaded.again}>${t("check")}</button></div>
      ${one.sound && (one.workshops.length > 0 ? html`<${DryRun} slugs=${one.workshops} />` : html`<p class="note">${t("recipe_unused")}</p>`)}`}`;
};

const List = () => {
  const loaded = useLoaded(() => get("/recipes"), []);
  return html`<h1>${t("recipes")}</h1><${Fault} error=${loaded.error} />
    ${loaded.value && html`<${Table} caption=${t("recipes")} rows=${loaded.value.recipes} keyOf=${(one) => one.recipe + "/" + one.daemon} columns=${[
      { title: t("recipe"), of: (one) => html`<a href=${place(one)}><${Value}>${one.recipe}<//></a> ${one.daemon && html`<small>${one.daemon}</small>`}` },
      { title: t("origin"), of: (one) => t(one.shipped ? "shipped" : "own_recipe") },
      { title: t("workshops"), of: (one) => one.workshops.length > 0 && html`<${Shops} slugs=${one.workshops} />` }]} />`}`;
};

export const Recipes = ({ parts: [name, daemon] }) => (name ? html`<${Recipe} name=${name} daemon=${daemon} />` : html`<${List} />`);
