// What a workshop has done lately, and the end of its log: loaded only by the workshop's page.
import { html, useEffect, useMemo, useRef, useState } from "./preact.js";
import { get, shop, some } from "./api.js";
import { number, t } from "./i18n.js";
import { Fault, Table, useLoaded, useTask, Value } from "./ui.js";

const HOURS = 48, MOST = 5000, HOUR_MS = 3600e3;

// --- figures

const begin = () => Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS;

// Newest first: where there are more than MOST, the oldest hours are missing, and from says since when it is complete.
const lately = async (slug) => {
  const from = begin(), { items: orders, next } = await some("/orders", { workshop: slug, from: new Date(from).toISOString() }, MOST);
  return { from, orders, cut: next ? new Date(orders[orders.length - 1].placed_at).getTime() : null };
};

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b), middle = Math.floor(sorted.length / 2);
  return sorted.length ? (sorted[middle] + sorted[Math.ceil(sorted.length / 2 - .5)]) / 2 : null;
};
const took = (one) => (new Date(one.updated_at) - new Date(one.placed_at)) / 1000;

// Per hour in which they were placed: how many, how many of them are in error, and the median time from placed to created.
const perHour = ({ from, orders }) => {
  const hours = Array.from({ length: HOURS }, (_, i) => ({ at: from + i * HOUR_MS, orders: 0, failed: 0, times: [] }));
  orders.forEach((one) => {
    const hour = hours[Math.floor((new Date(one.placed_at) - from) / HOUR_MS)];
    if (!hour) return;
    hour.orders += 1;
    hour.failed += one.status === "error" ? 1 : 0;
    if (one.status === "created" && !one.by_hand) hour.times.push(took(one));
  });
  return hours.map((hour) => ({ ...hour, seconds: median(hour.times) }));
};

let plot;
const drawing = () => (plot ??= new Promise((done) => {
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("uplot.css", import.meta.url) });
  const script = Object.assign(document.createElement("script"), { src: new URL("uplot.js", import.meta.url), onload: () => done(window.uPlot) });
  document.head.append(style, script);
}));

const axis = { stroke: "#808080", grid: { stroke: "rgba(128,128,128,.3)" } };
const written = (options) => new Intl.DateTimeFormat(document.documentElement.lang, options);
// At midnight the day, else the hour.
const hourAxis = () => {
  const day = written({ day: "numeric", month: "short" }), hour = written({ hour: "2-digit", minute: "2-digit" });
  const tick = (at) => (at.getHours() ? hour : day).format(at);
  return { ...axis, space: 60, values: (_, all) => all.map((at) => tick(new Date(at * 1000))) };
};
const HEIGHT = 180;
const width = (box) => Math.min(box.clientWidth, 900);

const WHOLE = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5].map((power) => step * 10 ** power)).sort((a, b) => a - b);

// series: {label, of(hour), colour}; whole: of numbers that are counted
const Chart = ({ hours, series, whole }) => {
  const box = useRef();
  useEffect(() => {
    let chart, gone = false;
    const fit = () => { if (!gone && chart.width !== width(box.current)) chart.setSize({ width: width(box.current), height: HEIGHT }); };
    const watch = new ResizeObserver(() => requestAnimationFrame(fit));
    drawing().then((Plot) => {
      if (gone) return;
      const lines = series.map((one) => ({ label: one.label, stroke: one.colour, width: 2, points: { show: true, size: 5 } }));
      chart = new Plot({ width: width(box.current), height: HEIGHT, axes: [hourAxis(), { ...axis, ...(whole ? { incrs: WHOLE } : {}), values: (_, all) => all.map(number) }], scales: { y: { range: (_, __, most) => [0, Math.max(most, 1)] } },
        series: [{ label: t("time"), value: (_, at) => (at ? clock(at * 1000) : "–") }, ...lines] }, [hours.map((hour) => hour.at / 1000), ...series.map((one) => hours.map(one.of))], box.current);
      watch.observe(box.current);
    });
    return () => { gone = true; watch.disconnect(); chart?.destroy(); };
  }, [hours]);
  return html`<div class="chart" ref=${box} aria-hidden="true"></div>`;
};

const clock = (at) => written({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(at));
const seconds = (value) => (value === null ? "" : number(Math.round(value * 10) / 10));

export const Figures = ({ slug }) => {
  const loaded = useLoaded(() => lately(slug), [slug]), found = loaded.value;
  const hours = useMemo(() => (found ? perHour(found) : []), [found]), orders = found?.orders || [];
  const failed = orders.filter((one) => one.status === "error").length;
  return html`<h2>${t("figures")}</h2><${Fault} error=${loaded.error} />
    ${found && orders.length === 0 && html`<p class="note">${t("figures_none", { hours: HOURS })}</p>`}
    ${orders.length > 0 && html`<p>${t("figures_summary", { hours: HOURS, count: orders.length, failed,
        seconds: seconds(median(orders.filter((one) => one.status === "created" && !one.by_hand).map(took))) || "–" })}
        ${found.cut && ` ${t("figures_cut", { since: clock(found.cut) })}`}</p>
      <h3>${t("per_hour")}</h3>
      <${Chart} whole hours=${hours} series=${[{ label: t("orders"), of: (hour) => hour.orders, colour: "#2e7d32" }, { label: t("error"), of: (hour) => hour.failed, colour: "#c62828" }]} />
      <h3>${t("duration")}</h3>
      <${Chart} hours=${hours} series=${[{ label: t("seconds"), of: (hour) => hour.seconds, colour: "#1565c0" }]} />
      <details><summary>${t("as_table")}</summary><${Table} caption=${t("figures")} rows=${hours.filter((hour) => hour.orders > 0)} keyOf=${(hour) => hour.at} columns=${[
        { title: t("time"), of: (hour) => clock(hour.at) }, { title: t("orders"), number: true, of: (hour) => number(hour.orders) },
        { title: t("error"), number: true, of: (hour) => number(hour.failed) }, { title: t("seconds"), number: true, of: (hour) => seconds(hour.seconds) }]} /></details>`}`;
};

// --- the log

export const Log = ({ slug }) => {
  const [logs, setLogs] = useState(null), task = useTask();
  const read = () => task.run(async () => setLogs((await get(shop(slug, "/logs?lines=200"))).logs));
  return html`<h2>${t("log")}</h2><div class="row"><button class="secondary" aria-busy=${task.busy} onClick=${read}>${t(logs ? "read_again" : "show")}</button></div>
    <${Fault} error=${task.error} />
    ${(logs || []).map((one) => html`<h3><${Value}>${one.file}<//></h3>
      <pre class="quiet" tabindex="0" aria-label=${one.file}>${one.lines.join("\n") || t("nothing")}</pre>`)}`;
};
