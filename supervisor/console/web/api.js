// Calls of the console's API, and its events.
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.code = problem.code || "error";
    this.problem = problem;
  }
}

let signedOut = () => {};
export const onSignedOut = (f) => { signedOut = f; };

const send = async (method, path, body, headers) => {
  const options = { method, headers: { ...headers }, credentials: "same-origin", cache: "no-store" };
  if (method !== "GET") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  let reply;
  try {
    reply = await fetch("api" + path, options);
  } catch {
    throw new Refusal(0, { code: "console_unreachable" });
  }
  if (!reply.ok) {
    const problem = await reply.json().catch(() => ({ code: "error" }));
    if (reply.status === 401 && problem.code === "signed_out") signedOut();
    throw new Refusal(reply.status, problem);
  }
  return reply;
};

export const get = async (path) => (await send("GET", path)).json();
export const put = async (path, body, headers) => (await send("PUT", path, body, headers)).json();
export const post = async (path, body) => (await send("POST", path, body)).json();
export const remove = async (path) => (await send("DELETE", path, {})).json();
export const getTagged = async (path) => {
  const reply = await send("GET", path);
  return [await reply.json(), reply.headers.get("Pumpline-Version")];
};

export const query = (members) => {
  const given = Object.entries(members).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return given.length ? "?" + new URLSearchParams(given) : "";
};
export const shop = (name, rest = "") => `/workshops/${encodeURIComponent(name)}${rest}`;
export const order = (one, rest = "") => shop(one.slug ?? one.workshop, `/orders/${encodeURIComponent(one.uniqueid)}${rest}`);

// The first `count` items of a list, page by page; next: where it goes on.
const PAGE_MOST = 1000;
export const some = async (path, members, count) => {
  const items = [];
  let page = { next: members.after };
  do {
    page = await get(path + query({ ...members, limit: Math.min(count - items.length, PAGE_MOST), after: page.next }));
    items.push(...(page.orders || page.entries || []));
  } while (page.next && items.length < count);
  return { items, next: page.next, incomplete: page.incomplete || [] };
};
export const all = async (path, members) => (await some(path, members, 20000)).items;
// How many orders match, by what keyOf(order) says (undefined: not counted); none of them is kept.
export const count = async (members, keyOf) => {
  const counts = new Map();
  let page = {}, incomplete = [];
  do {
    page = await get("/orders" + query({ ...members, limit: PAGE_MOST, after: page.next }));
    page.orders.map(keyOf).filter((key) => key !== undefined).forEach((key) => counts.set(key, (counts.get(key) || 0) + 1));
    incomplete = [...new Set([...incomplete, ...page.incomplete || []])];
  } while (page.next);
  return { counts, incomplete };
};

// One stream for all pages. listener(name, data); "open" and "closed" tell about the stream itself.
const listeners = new Set();
let source;
const tell = (name, data) => listeners.forEach((one) => one(name, data));
const names = ["reset", "down", "integration", "removed", "order"];
export const connect = () => {
  if (source) return;
  source = new EventSource("api/events");
  source.onerror = () => {
    tell("closed");
    if (source && source.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(() => get("/me").then(connect, () => {}), 3000);
    }
  };
  source.onopen = () => tell("open");
  names.forEach((name) => source.addEventListener(name, (event) => tell(name, JSON.parse(event.data))));
};
export const disconnect = () => {
  if (source) source.close();
  source = undefined;
};
export const listen = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

// A file made here. A cell that a spreadsheet would take for a formula is quoted.
export const saveCsv = (name, header, rows) => {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return `"${(/^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? "'" + text : text).replaceAll('"', '""')}"`;
  };
  const text = [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
