// What the pages have in common.
import { html, useEffect, useMemo, useRef, useState } from "./preact.js";
import { some } from "./api.js";
import { age, amount, fault, language, state, t, time } from "./i18n.js";

export const Age = ({ at }) => (at ? html`<time class="age" datetime=${at} title=${time(at)}>${age(at)}</time>` : "");
// All ages of the document at once: a timer and a state for each would cost more than the ages.
setInterval(() => document.querySelectorAll("time.age").forEach((one) => {
  const now = age(one.dateTime);
  if (one.textContent !== now) one.textContent = now;
}), 30e3);
export const Value = ({ children }) => html`<bdi class="value">${children}</bdi>`;
// A workshop; where there are several daemons, with the one that has it.
export const Shop = ({ of }) => html`<${Value}>${of.workshop}<//>${of.daemon && html` <small>${of.daemon}</small>`}${of.disputed && html` <span class="state bad-state">${t("disputed")}</span>`}`;
export const Amount = ({ of }) => html`<bdi>${amount(of)}</bdi>`;

const kinds = { running: "good", created: "good", starting: "busy", stopping: "busy", placed: "busy", processing: "busy",
  backoff: "bad", failed: "bad", error: "bad", parked: "bad", stopped: "busy" };
export const State = ({ of }) => html`<span class="state ${kinds[of] || "busy"}-state">${state(of)}</span>`;

export const Fault = ({ error }) => {
  if (!error) return "";
  const faults = Object.values(error.problem || {}).filter(Array.isArray).flat().filter((one) => one && one.detail);
  return html`<div class="fault" role="alert">${fault(error)}
    ${faults.length > 0 && html`<ul>${faults.map((one) => html`<li><code>${one.pointer || "/"}</code> ${one.detail}</li>`)}</ul>`}</div>`;
};
export const Good = ({ children }) => (children ? html`<div class="good" role="status">${children}</div>` : "");

// A long table's first rows are painted before the others are made, some with each frame; so it is again after a filter.
const FIRST_ROWS = 50, MORE_ROWS = 100;
const useGrowing = (count) => {
  const [most, setMost] = useState(FIRST_ROWS);
  useEffect(() => {
    if (most >= count) {
      setMost(Math.max(count, FIRST_ROWS));
      return undefined;
    }
    let timer;
    const frame = requestAnimationFrame(() => { timer = setTimeout(() => setMost(most + MORE_ROWS)); });
    return () => { cancelAnimationFrame(frame); clearTimeout(timer); };
  }, [count, most]);
  return most;
};

// Made anew only if the row itself or its mark has changed: one event does not cost a thousand rows.
const Row = ({ row, mark, columns }) => useMemo(() => html`<tr>${columns.map((one) =>
  html`<td class=${one.number ? "number" : ""} data-label=${one.label ?? one.title}>${one.of(row)}</td>`)}</tr>`, [row, mark, language()]);

// A table; narrow screens show each row as a card. columns: {title, of(row), number}; mark(row): what else a row shows, as one plain value.
export const Table = ({ caption, columns, rows, keyOf, mark, empty }) => {
  const most = useGrowing(rows.length);
  if (rows.length === 0) return html`<p class="note">${empty ?? t("nothing")}</p>`;
  return html`<div class="overflow-auto"><table class="cards striped">
      <caption class="hidden">${caption}</caption>
      <thead><tr>${columns.map((one) => html`<th scope="col" class=${one.number ? "number" : ""}>${one.title}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, most).map((row, i) => html`<${Row} key=${keyOf ? keyOf(row) : i} row=${row} mark=${mark?.(row)} columns=${columns} />`)}</tbody></table></div>`;
};

// Runs something and knows whether it is under way and what went wrong.
export const useTask = () => {
  const [busy, setBusy] = useState(false), [error, setError] = useState(null), [done, setDone] = useState("");
  const run = async (work) => {
    setBusy(true);
    setError(null);
    setDone("");
    try {
      const result = await work();
      setDone(typeof result === "string" ? result : "");
      return true;
    } catch (problem) {
      if (!("code" in problem)) console.error(problem);
      setError(problem);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, done, run };
};

// Of loads that overlap, the last one counts, in whatever order they end.
export const useLoaded = (load, keys) => {
  const [value, setValue] = useState(undefined), task = useTask(), last = useRef(0);
  const again = () => {
    const mine = ++last.current;
    return task.run(async () => {
      const found = await load();
      if (mine === last.current) setValue(found);
    });
  };
  useEffect(() => { again(); }, keys);
  return { value, again, ...task };
};

// What has not changed stays the same object, so that its row stays, too.
const kept = (before, items) => {
  const known = new Map((before || []).map((one) => [JSON.stringify(one), one]));
  return items.map((one) => known.get(JSON.stringify(one)) ?? one);
};

// A list that grows by more(). again() reads as many items as are shown; one load at a time, so none undoes another.
export const useList = (path, size, first = {}) => {
  const [list, setList] = useState({ items: null, next: null, incomplete: [] }), task = useTask();
  const at = useRef({ list, members: first, count: size, last: Promise.resolve(), waiting: null }).current;
  const show = (now) => { at.list = now; setList(now); };
  const inTurn = (work) => (at.last = at.last.then(() => task.run(work)));
  const again = () => (at.waiting ??= inTurn(async () => {
    at.waiting = null;
    const found = await some(path, at.members, at.count);
    show({ ...found, items: kept(at.list.items, found.items) });
  }));
  const more = () => inTurn(async () => {
    if (!at.list.next) return;
    const found = await some(path, { ...at.members, after: at.list.next }, size);
    show({ ...found, items: [...at.list.items, ...found.items] });
    at.count = at.list.items.length;
  });
  const start = (members) => {
    Object.assign(at, { members, count: size });
    return again();
  };
  const drop = (test) => show({ ...at.list, items: at.list.items.filter((one) => !test(one)) });
  useEffect(() => { again(); }, []);
  return { ...list, ...task, members: at.members, again, more, start, drop };
};

// A part whose module is loaded when it is needed: load() is an import.
export const Later = ({ load, name, ...more }) => {
  const loaded = useLoaded(async () => ({ Part: (await load())[name] }), [name]);
  return loaded.value ? html`<${loaded.value.Part} ...${more} />` : html`<${Fault} error=${loaded.error} />`;
};

export const Outcome = ({ task }) => html`<${Fault} error=${task.error} /><${Good}>${task.done}<//>`;

// A question with fields; onAnswer(values) returns what is awaited. typed: what must be typed first.
export const Ask = ({ title, text, fields = [], typed, verb, onAnswer, onClose }) => {
  const box = useRef(), task = useTask(), [name, setName] = useState("");
  useEffect(() => { box.current.showModal(); }, []);
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    if (await task.run(() => onAnswer(values))) onClose();
  };
  return html`<dialog ref=${box} onClose=${onClose} aria-labelledby="ask-title"><article>
    <h2 id="ask-title">${title}</h2>
    ${text && html`<p>${text}</p>`}
    <form onSubmit=${submit}>
      ${fields.map((one) => html`<${Field} ...${one} />`)}
      ${typed && html`<label>${t("type_to_confirm", { name: typed })}
        <input autocomplete="off" value=${name} onInput=${(event) => setName(event.target.value)} /></label>`}
      <${Fault} error=${task.error} />
      <div class="row"><button type="submit" aria-busy=${task.busy} disabled=${task.busy || (typed && name !== typed)}>${verb}</button>
        <button type="button" class="secondary" onClick=${() => box.current.close()}>${t("cancel")}</button></div>
    </form></article></dialog>`;
};

// What somebody types stays, whatever is drawn again meanwhile: value is what is there at first.
export const Field = ({ name, label, value, type = "text", choices, required, ...more }) => html`<label>${label}
  ${choices
    ? html`<select name=${name} required=${required} ...${more}>${choices.map(([code, text]) =>
        html`<option value=${code} selected=${code === value}>${text}</option>`)}</select>`
    : html`<input name=${name} type=${type} defaultValue=${value ?? ""} required=${required} ...${more} />`}</label>`;

export const Tick = ({ label, checked, onChange }) => html`<input type="checkbox" aria-label=${label} checked=${checked} onChange=${onChange} />`;
