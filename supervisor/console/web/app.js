// The frame: who is signed in, which page, what the daemon's events change.
import { html, render, useEffect, useMemo, useState } from "./preact.js";
import { connect, disconnect, get, listen, onSignedOut, post } from "./api.js";
import { load, t } from "./i18n.js";
import { Fault, Later, useTask } from "./ui.js";
import { Attention, Order, Search } from "./orders.js";
import { Workshop, Workshops } from "./workshops.js";
import { Account, Audit, Report, setTheme, SignIn } from "./office.js";

const ranks = ["none", "reader", "manager", "operator", "admin"];
const rank = (name) => Math.max(0, ranks.indexOf(name));

// What an account may do; where: a workshop's slug or name, or null for all workshops.
const rights = (account, shops) => {
  const slugs = new Map(shops.flatMap((one) => [[one.workshop, one.slug], [one.slug, one.slug]]));
  const at = (slug) => Math.max(rank(account.roles["*"]), slug ? rank(account.roles[slug]) : 0);
  return { highest: Math.max(...Object.values(account.roles).map(rank), 0),
    may: (name, where) => at(where && (slugs.get(where) ?? where)) >= rank(name) };
};

const Recipes = (more) => html`<${Later} load=${() => import("./recipes.js")} name="Recipes" ...${more} />`;

const pages = {
  attention: { page: Attention, title: "attention", least: "reader" },
  search: { page: Search, title: "search", least: "reader" },
  workshops: { page: Workshops, title: "workshops", least: "reader" },
  report: { page: Report, title: "report", least: "reader" },
  recipes: { page: Recipes, title: "recipes", least: "admin", everywhere: true },
  audit: { page: Audit, title: "audit", least: "admin" },
  account: { page: Account, title: "account", least: "none" },
  order: { page: Order }, workshop: { page: Workshop } };

const place = () => location.hash.replace(/^#\/?/, "").split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });

// A slug that several daemons have means none of their workshops.
const marked = (shops) => {
  const counts = shops.reduce((all, one) => all.set(one.slug, (all.get(one.slug) || 0) + 1), new Map());
  return shops.map((one) => (counts.get(one.slug) > 1 ? { ...one, disputed: true } : one));
};

// The workshops, kept up to date by events: one list for all pages.
const key = (one) => (one.daemon || "") + "/" + one.slug;
const useShops = (account) => {
  const [shops, setShops] = useState(null), [live, setLive] = useState(true), [away, setAway] = useState(new Set()), task = useTask();
  useEffect(() => {
    if (!account) return undefined;
    let waiting = new Map(), timer;
    const read = () => task.run(async () => setShops((await get("/health")).integrations));
    const flush = () => {
      const changed = waiting;
      waiting = new Map();
      timer = undefined;
      setShops((before) => {
        const known = new Map((before || []).map((one) => [key(one), one]));
        changed.forEach((one, name) => (one ? known.set(name, one) : known.delete(name)));
        return [...known.values()];
      });
    };
    const stop = listen((name, data) => {
      if (name === "reset") { setLive(true); read(); }
      if ((name === "down" && !data.daemon) || name === "closed") setLive(false);
      if ((name === "reset" || name === "down") && data.daemon) {
        if (name === "down") setLive(true);
        setAway((before) => {
          const after = new Set(before);
          if (name === "down") after.add(data.daemon); else after.delete(data.daemon);
          return after;
        });
      }
      if (name === "integration" || name === "removed") {
        waiting.set(key(data), name === "removed" ? null : data);
        timer ??= setTimeout(flush, 100);
      }
    });
    connect();
    return () => { stop(); clearTimeout(timer); disconnect(); };
  }, [account?.name]);
  return { shops, live, away, error: task.error };
};

const App = ({ first }) => {
  const [account, setAccount] = useState(first.account), [where, setWhere] = useState(place()), [, setDrawn] = useState(0), [error, setError] = useState(first.error);
  const { shops, live, away, error: unread } = useShops(account);
  const me = useMemo(() => {
    const known = marked(shops || []);
    return account && { ...account, shops: known, ...rights(account, known) };
  }, [account, shops]);
  useEffect(() => {
    const moved = () => { setWhere(place()); window.scrollTo(0, 0); };
    window.addEventListener("hashchange", moved);
    onSignedOut(() => setAccount(null));
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  const start = me && (ranks[me.highest] === "operator" || ranks[me.highest] === "admin" ? "workshops" : "attention");
  const [name, ...parts] = where[0] in pages ? where : [start];
  useEffect(() => { document.title = me && pages[name].title ? `${t(pages[name].title)} – Pumpline` : "Pumpline"; });
  if (!account) return html`<${SignIn} error=${error} onSignedIn=${(found) => { setError(null); setAccount(found); }} />`;
  const { page: Page } = pages[name];
  const leave = async () => { await post("/logout", {}).catch(() => {}); setAccount(null); };
  return html`<header class="bar"><strong>Pumpline</strong><nav aria-label=${t("pages")}><ul>
      ${Object.entries(pages).filter(([, one]) => one.title && (one.everywhere ? me.may(one.least, null) : me.highest >= rank(one.least))).map(([key, one]) =>
        html`<li><a href=${"#/" + key} aria-current=${key === name ? "page" : null}>${t(one.title)}</a></li>`)}
      <li><a href="#/" onClick=${(event) => { event.preventDefault(); leave(); }}>${t("sign_out")}</a></li></ul></nav></header>
    <main class="page" id="page">
      ${!live && html`<p class="fault" role="alert">${t("not_live")}</p>`}
      ${away.size > 0 && html`<p class="fault" role="alert">${t("daemons_away", { names: [...away].sort().join(", ") })}</p>`}
      ${shops === null ? html`<${Fault} error=${unread} /><p aria-busy="true">${t("loading")}</p>`
        : html`<${Page} key=${[name, ...parts].join("/")} me=${me} parts=${parts} redraw=${() => setDrawn((n) => n + 1)} onSignOut=${() => setAccount(null)} />`}
    </main>`;
};

// Who is signed in, by a link or since earlier.
const begin = async () => {
  const link = location.hash.match(/^#link=([\w-]+)$/);
  if (link) history.replaceState(null, "", location.pathname);
  try {
    const account = await (link ? post("/login", { link: link[1] }) : get("/me"));
    if (!account.has_password) history.replaceState(null, "", "#/account");
    return { account, error: null };
  } catch (problem) {
    return { account: null, error: link ? problem : null };
  }
};

setTheme();
const [first] = await Promise.all([begin(), load()]);
const root = document.getElementById("app");
root.replaceChildren(); // the frame that was painted before
render(html`<${App} first=${first} />`, root);
