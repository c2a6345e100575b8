// The page on which faces are labelled and compared. The server has the state; this only shows it.
"use strict";

const element = (id) => document.getElementById(id);
let texts = null;
let state = null;
let busy = false;

class Refused extends Error {}  // the server says why, in words for a person

async function ask(place, fields) {
  const message = fields === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(fields),
  };
  const reply = await fetch(place, {cache: "no-store", ...message});
  if (reply.status === 500) throw new Refused((await reply.json()).error);
  if (!reply.ok && reply.status !== 409) throw new Error(reply.statusText);
  return [await reply.json(), reply.status === 409];
}

function button(choice, inside) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.choice = choice;
  made.append(inside);
  made.addEventListener("click", () => send(choice));
  return made;
}

function named(kind, text) {
  const made = document.createElement("span");
  made.className = kind;
  made.textContent = text;
  return made;
}

function labelled(choice) {
  const made = button(choice, named("beside", texts.choices[choice].title));
  made.append(named("stacked", texts.choices[choice].stacked));
  const key = document.createElement("kbd");
  key.textContent = texts.choices[choice].shown;
  key.ariaHidden = "true";
  made.append(key);
  return made;
}

function build() {
  document.documentElement.lang = texts.language;
  document.title = texts.title;
  element("question").textContent = texts.question;
  element("keys").textContent = texts.keys;
  const all = Object.keys(texts.choices);
  element("choices").replaceChildren(...all.filter((each) => !texts.choices[each].aside).map(labelled));
  element("more").replaceChildren(...all.filter((each) => texts.choices[each].aside).map(labelled));
}

function show(next) {
  const fresh = state === null || state.question !== next.question;
  state = next;
  element("count").textContent = next.count;
  const bar = element("bar");
  bar.ariaValueMax = next.goal;
  bar.ariaValueNow = Math.min(next.counted, next.goal);
  bar.ariaLabel = next.count;
  bar.firstElementChild.style.width = `${Math.min(1, next.counted / next.goal) * 100}%`;
  document.querySelector("[data-choice=undo]").disabled = next.answered === 0;
  if (!fresh) return;
  const pictures = next.faces.map((number, place) => {
    const picture = new Image();
    picture.src = `face/${number}`;
    picture.alt = texts.alts[place];
    picture.draggable = false;
    return picture;
  });
  const pair = pictures.length === 2;
  element("faces").className = pair ? "pair" : "";
  element("faces").replaceChildren(
    ...(pair ? pictures.map((picture, place) => button(["left", "right"][place], picture)) : pictures));
  for (const number of next.upcoming) new Image().src = `face/${number}`;
}

async function load() {
  try {
    const [next] = await ask("state");
    if (texts === null) { texts = next.texts; build(); }
    element("note").textContent = "";
    show(next);
  } catch { lost(); }
}

function lost(reason) {
  element("note").textContent = reason || (texts ? texts.lost : "RetouchML does not answer.");
}

async function send(choice) {
  if (busy || state === null) return;
  busy = true;
  try {
    const [next, stale] = await ask("answer", {question: state.question, choice});
    element("note").textContent = stale ? texts.stale : "";
    show(next);
  } catch (error) {
    lost(error instanceof Refused ? error.message : "");
  } finally { busy = false; }
}

document.addEventListener("keydown", (event) => {
  if (texts === null || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if ((pressed === " " || pressed === "Enter") && event.target instanceof HTMLButtonElement) return;
  const found = Object.entries(texts.choices).find(([, choice]) => choice.keys.includes(pressed));
  if (!found) return;
  event.preventDefault();
  send(found[0]);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) load(); });
window.addEventListener("focus", load);
window.addEventListener("pageshow", (event) => { if (event.persisted) load(); });
load();
