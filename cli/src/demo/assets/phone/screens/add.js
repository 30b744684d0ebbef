// The one scanner: whatever code it is, by camera, from a picture, or as text.

import { announce, button, el, field, icon, notice } from "/shared/dom.js";
import { plural, t } from "/shared/text.js";
import { hasCamera, scanCamera, scanFile } from "/phone/scan.js";

/** The screen that asks for a code: of a login site, of an old phone, or of a service with one-time codes. */
export function addScreen(phone) {
  let camera = null;
  const trouble = el("div", { role: "alert", testid: "add-trouble" });
  const complain = (text) => trouble.replaceChildren(notice("bad", "alert", text));

  const text = field(t("add.text"), { tag: "textarea", rows: "4", testid: "qr-input", class: "mono", spellcheck: "false", autocapitalize: "none", autocomplete: "off", placeholder: t("add.text.placeholder") });
  const submit = button(t("add.submit"), { kind: "primary", wide: true, type: "submit", testid: "qr-submit" });

  const read = el("div", { role: "status", testid: "add-read" });
  const take = async (found, refuse) => {
    trouble.replaceChildren();
    read.replaceChildren();
    submit.disabled = true;
    try {
      const taken = await phone.act("scan", { text: found });
      if (taken.kind === "codes") imported(taken);
    } catch (error) {
      refuse(phone.words(error));
    } finally {
      submit.disabled = false;
    }
  };
  /** One-time codes are there at once. What more there is to scan, or could not be read, is said here; otherwise there they are. */
  const imported = (taken) => {
    text.input.value = "";
    const facts = [
      taken.added > 0 ? plural("add.codes.added", taken.added) : null,
      taken.known > 0 ? plural("add.codes.known", taken.known) : null,
      taken.skipped > 0 ? plural("add.codes.skipped", taken.skipped) : null,
      taken.part ? t("add.codes.part", taken.part) : null,
    ].filter(Boolean).join(" ");
    if (taken.part || taken.skipped > 0) {
      read.replaceChildren(notice(taken.skipped > 0 ? "warn" : "good", taken.skipped > 0 ? "alert" : "check", facts));
      return;
    }
    phone.open("#/codes");
    setTimeout(() => announce(facts));
  };

  const video = el("video", { class: "viewfinder", playsinline: true, "aria-label": t("add.camera.view"), prop: { muted: true } });
  const view = el("div", { class: "stack-s", hidden: true, testid: "viewfinder" }, video, el("p", { class: "small muted centred" }, t("add.camera.looking")));
  const scan = button(t("add.camera"), { kind: "primary", wide: true, icon: "camera", testid: "scan", onPress: () => (camera ? stop() : start()) });
  const label = (key) => scan.replaceChildren(icon("camera"), t(key));
  const stop = () => {
    camera?.abort();
    camera = null;
    view.hidden = true;
    label("add.camera");
  };
  const start = () => {
    trouble.replaceChildren();
    camera = new AbortController();
    view.hidden = false;
    label("add.camera.stop");
    announce(t("add.camera.looking"));
    scanCamera(video, phone, camera.signal)
      .then((found) => {
        if (found === null) return;
        stop();
        take(found, complain);
      })
      .catch(() => {
        stop();
        complain(t("add.camera.refused"));
      });
  };

  const file = el("input", { type: "file", accept: "image/*", class: "visually-hidden", id: "qr-file", testid: "qr-file" });
  const reading = el("p", { class: "row small muted", hidden: true }, el("span", { class: "spinner", "aria-hidden": "true" }), t("add.picture.reading"));
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    trouble.replaceChildren();
    reading.hidden = false;
    try {
      await take(await scanFile(chosen, phone), complain);
    } catch (error) {
      complain(error.name === "Refusal" ? phone.words(error) : t("error.qr-not-found"));
    } finally {
      reading.hidden = true;
      file.value = "";
    }
  });

  const send = (event) => {
    event.preventDefault();
    text.clear();
    const qr = unfolded(text.input.value);
    if (qr === "") text.fail(t("add.missing"));
    else take(qr, text.fail);
  };

  return {
    title: t("add.screen"),
    leave: stop,
    node: el("section", { class: "screen stack", testid: "screen-add" },
      el("div", { class: "stack-s" },
        el("h1", {}, t("add.heading")),
        el("p", { class: "muted" }, t("add.lead"))),
      view,
      el("div", { class: "stack-s" },
        hasCamera() ? scan : null,
        file,
        el("label", { for: "qr-file", class: "button secondary wide" }, icon("picture"), t("add.picture"))),
      reading,
      trouble,
      read,
      el("p", { class: "or small muted" }, el("span", {}, t("add.or"))),
      el("form", { class: "stack", novalidate: true, on: { submit: send } }, text.node, submit)),
  };
}

/** A pasted text without the line breaks that a mail has put into it. A label in it may have spaces of its own. */
function unfolded(pasted) {
  return pasted.trim().replace(/\s*[\r\n]+\s*/g, "");
}
