// Languages, and what they do to numbers and times.
export const languages = { en: "English", nb: "Norsk", da: "Dansk", sv: "Svenska", de: "Deutsch" };
let texts = {}, chosen = "en", formats;

const preferred = () => {
  const wanted = [localStorage.getItem("language"), ...navigator.languages].filter(Boolean)
    .map((one) => one.slice(0, 2).replace("no", "nb").replace("nn", "nb"));
  return wanted.find((one) => one in languages) || "en";
};

// Made once: making one takes longer than a hundred uses, and a page of workshops has thousands of numbers and times.
const make = (code) => {
  const plain = new Intl.NumberFormat(code), parts = plain.formatToParts(12345.6);
  const mark = (type) => parts.find((part) => part.type === type)?.value ?? "";
  return { plain, plural: new Intl.PluralRules(code), group: mark("group"), decimal: mark("decimal"), time: new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "medium" }),
    zone: new Intl.DateTimeFormat(code, { timeZoneName: "short" }), age: new Intl.RelativeTimeFormat(code, { numeric: "auto" }) };
};

export const load = async (language = preferred()) => {
  const reply = await fetch(new URL(language + ".json", import.meta.url));
  texts = await reply.json();
  chosen = language;
  formats = make(language);
  document.documentElement.lang = language;
};
export const choose = (language) => {
  localStorage.setItem("language", language);
  return load(language);
};
export const language = () => chosen;

// A text that counts has a form for each of the language's plurals: KEY.one, KEY.other. Numbers are written as the language writes them.
export const t = (key, members = {}) => {
  const text = texts[`${key}.${formats.plural.select(members.count ?? 0)}`] ?? texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof members[name] === "number" ? number(members[name]) : members[name] ?? ""));
};

// A code of the API: what is not known here is shown as it is.
const coded = (kind) => (code) => texts[`${kind}.${code}`] ?? code;
export const reason = coded("reason");
export const state = coded("state");
export const role = coded("role");
export const fault = (error) => {
  const text = texts[`error.${error.code}`];
  return text ? (error.status === 0 ? text : `${text} (${error.message})`) : error.message;
};

const zone = (at) => formats.zone.formatToParts(at).find((part) => part.type === "timeZoneName").value;
export const time = (text) => (text ? `${formats.time.format(new Date(text))} ${zone(new Date(text))}` : "");

export const age = (text) => {
  if (!text) return "";
  const seconds = (new Date(text) - Date.now()) / 1000, size = Math.abs(seconds);
  const [unit, length] = size < 90 ? ["second", 1] : size < 5400 ? ["minute", 60] : size < 129600 ? ["hour", 3600] : ["day", 86400];
  return formats.age.format(Math.round(seconds / length), unit);
};

// An exact decimal stays exact: only its separators change.
export const amount = (text) => {
  if (text === null || text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) return text ?? "";
  const [whole, rest] = String(text).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, formats.group) + (rest ? formats.decimal + rest : "");
};
export const number = (value) => (value === null || value === undefined ? "" : formats.plain.format(value));
