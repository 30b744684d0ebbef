// The signed-in user's phones: a list, removal with a question before it, and adding one.

import { announce, button, el, icon, notice } from "/shared/dom.js";
import { get, post } from "/shared/net.js";
import { shortTime, t } from "/shared/text.js";

/** The section with the user's phones. */
export function devicesSection(ctx) {
  const list = el("ul", { class: "devices", testid: "devices" });
  const trouble = el("div", { role: "alert" });
  const heading = el("h2", { id: "devices", tabindex: "-1" }, t("devices.heading"));
  const add = button(t("devices.add"), { kind: "secondary slim", icon: "plus", testid: "add-phone", onPress: () => ctx.go("enrol") });

  const draw = ({ devices }) => {
    trouble.replaceChildren();
    list.replaceChildren(...(devices.length > 0
      ? devices.map((device) => deviceRow(device, remove))
      : [el("li", { class: "muted" }, t("devices.none"))]));
  };
  const attempt = async (work) => {
    try {
      draw(await work());
      return true;
    } catch (error) {
      if (!ctx.signal.aborted) trouble.replaceChildren(notice("bad", "alert", ctx.fail(error)));
      return false;
    }
  };
  const remove = async (device) => {
    if (await attempt(() => post("/api/devices/remove", { binding_id: device.binding_id }))) {
      announce(t("devices.removed", { device: device.name }));
      heading.focus();
    }
  };
  attempt(() => get("/api/devices", ctx.signal));

  return el("section", { class: "card stack", "aria-labelledby": "devices" },
    el("div", { class: "row spread" }, heading, add), trouble, list);
}

function deviceRow(device, remove) {
  const used = device.last_used_at ? ` · ${t("devices.used", { time: shortTime(device.last_used_at) })}` : "";
  const ask = button(t("devices.remove"), {
    kind: "quiet slim bad",
    testid: "device-remove",
    "aria-label": t("devices.remove-label", { device: device.name }),
    "aria-expanded": "false",
    onPress: () => open(true),
  });
  const keep = button(t("devices.confirm.no"), { kind: "secondary slim", testid: "device-keep", onPress: () => open(false) });
  const question = el("div", { class: "notice bad stack-s question", hidden: true, testid: "device-question" },
    el("p", {}, t("devices.confirm", { device: device.name })),
    el("div", { class: "row" },
      button(t("devices.confirm.yes"), { kind: "danger slim", testid: "device-remove-confirm", onPress: () => remove(device) }),
      keep));
  const open = (yes) => {
    question.hidden = !yes;
    ask.setAttribute("aria-expanded", String(yes));
    (yes ? keep : ask).focus();
  };
  return el("li", { class: "device", testid: "device", "data-binding": device.binding_id },
    el("div", { class: "device-line" },
      icon("phone"),
      el("div", { class: "grow" },
        el("p", { class: "strong" }, `${device.name} · ${device.model}`),
        el("p", { class: "small muted" }, t("devices.added", { time: shortTime(device.created_at) }) + used)),
      device.state === "suspended" ? el("span", { class: "badge bad" }, t("devices.suspended")) : null,
      ask),
    question);
}
