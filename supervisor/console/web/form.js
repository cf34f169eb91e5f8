// A form from a JSON schema: members that are plain values are fields, objects are groups, and the rest is JSON text.
import { html, useState } from "./preact.js";
import { t } from "./i18n.js";

const resolve = (schema, root) => (schema?.$ref ? resolve(schema.$ref.slice(2).split("/").reduce((at, name) => at?.[name], root), root) : schema) || {};

// Of alternatives, the one whose constants fit the value; else the first. Their constants are what can be chosen.
const pick = (schema, value, root) => {
  const whole = resolve(schema, root), list = whole.oneOf || whole.anyOf;
  if (!list) return whole;
  const fits = (one) => {
    const rule = resolve(one, root);
    return Object.entries(rule.properties || {}).every(([name, inner]) => !("const" in inner) || value?.[name] === inner.const) &&
      (!rule.type || [rule.type].flat().includes(kindOf(value)));
  };
  const consts = {};
  list.forEach((one) => Object.entries(resolve(one, root).properties || {}).forEach(([name, inner]) => {
    if ("const" in inner) consts[name] = [...(consts[name] || []), inner.const];
  }));
  return { ...whole, ...resolve(list.find(fits) || list[0], root), consts };
};
const kindOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

const Json = ({ label, value, onChange }) => {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value)), [wrong, setWrong] = useState(false);
  const take = (event) => {
    setText(event.target.value);
    try {
      onChange(event.target.value.trim() ? JSON.parse(event.target.value) : undefined);
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return html`<label>${label}<input value=${text} spellcheck="false" aria-invalid=${wrong ? "true" : null} onInput=${take} /></label>`;
};

// What is typed here is not in the value, so no text of the value shows it: withSecrets puts it in when it is sent.
const Secret = ({ label, path, value, secrets, onSecret, onSeal }) => {
  const typed = secrets[path] ?? (typeof value === "string" ? value : "");
  return html`<div class="row"><label>${label}<input type="password" name=${path} autocomplete="new-password" value=${typed}
      placeholder=${value?.sealed ? t("unchanged") : ""} onInput=${(event) => onSecret(path, event.target.value)} /></label>
    <button type="button" class="secondary" disabled=${!onSeal || !secrets[path]} onClick=${() => onSeal(path)}>${t("seal")}</button></div>`;
};

const isSecret = (name) => name === "password" || name === "secret";

// The value with what was typed; secrets: {"credentials/password": text or {"sealed": text}}.
export const withSecrets = (value, secrets) => Object.entries(secrets).reduce((whole, [path, secret]) => {
  const set = (at, [name, ...rest]) => ({ ...at, [name]: rest.length ? set(at?.[name], rest) : secret });
  return set(whole, path.split("/"));
}, value);

const Member = ({ name, path, rule, value, root, onChange, ...more }) => {
  const schema = pick(rule, value, root), types = [schema.type].flat(), fault = more.faults.get("/" + path);
  const wrong = fault && html` <small class="wrong">${fault}</small>`, label = html`${name}${schema.description ? html` <small>${schema.description}</small>` : ""}${wrong}`;
  if (isSecret(name)) return html`<${Secret} label=${label} path=${path} value=${value} ...${more} />`;
  if (schema.enum) return html`<label>${label}<select value=${value ?? ""} onChange=${(event) => onChange(event.target.value || undefined)}>
    <option value=""></option>${schema.enum.map((one) => html`<option value=${one} selected=${one === value}>${String(one)}</option>`)}</select></label>`;
  if (types.includes("boolean")) return html`<label><input type="checkbox" checked=${value === true} onChange=${(event) => onChange(event.target.checked)} />${label}</label>`;
  if (types.includes("object") && schema.properties) return html`<fieldset><legend><strong>${name}</strong>${wrong}</legend>
    <${Members} schema=${schema} path=${path + "/"} value=${value || {}} root=${root} ...${more} onChange=${(inner) => onChange(Object.keys(inner).length ? inner : undefined)} /></fieldset>`;
  if (types.includes("string") && (typeof value === "string" || value === undefined || value === null))
    return html`<label>${label}<input type="text" autocomplete="off" value=${value ?? ""} onInput=${(event) => onChange(event.target.value || undefined)} /></label>`;
  if (types.includes("integer") || types.includes("number"))
    return html`<label>${label}<input type="number" step="any" value=${value ?? ""} onInput=${(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))} /></label>`;
  return html`<${Json} label=${label} value=${value} onChange=${onChange} />`;
};

const Members = ({ schema, path, value, root, onChange, ...more }) => {
  const set = (name, inner) => {
    const { [name]: _, ...rest } = value;
    onChange(inner === undefined ? rest : { ...value, [name]: inner });
  };
  const names = [...new Set([...Object.keys(schema.properties || {}), ...Object.keys(value)])].filter((name) => name !== "$schema");
  const known = (name) => name in value || (schema.required || []).includes(name);
  const member = (name) => html`<${Member} key=${name} name=${name} path=${path + name} ...${more} rule=${schema.consts?.[name] ? { enum: schema.consts[name] } : schema.properties?.[name] || {}} value=${value[name]} root=${root} onChange=${(inner) => set(name, inner)} />`;
  const others = names.filter((name) => !known(name));
  const isWrong = (name) => [...more.faults.keys()].some((pointer) => `${pointer}/`.startsWith(`/${path}${name}/`));
  return html`${names.filter(known).map(member)}
    ${others.length > 0 && html`<details open=${others.some(isWrong)}><summary>${t("more_members")}</summary>${others.map(member)}</details>`}`;
};

export const Form = ({ schema, value, onChange, ...more }) => html`<${Members} schema=${pick(schema, value, schema)} path="" ...${more} value=${value} root=${schema} onChange=${onChange} />`;
